"""What a run of the bench is asked for and what it answers: scales, figures, medians."""

import statistics
from dataclasses import dataclass, field

MIB = 1 << 20


@dataclass(frozen=True)
class Scale:
    """How much work a run does."""

    rounds: int = 3
    # Runs before the measured ones, which fill caches and let the file system grow.
    warm_up_rounds: int = 1
    seconds: float = 3
    document_bytes: int = 50 * MIB
    stream_calls: int = 24
    listed_documents: int = 10_000
    users: int = 100
    user_document_bytes: int = 10 * MIB
    stalled_uploads: int = 500
    starts: int = 5


SMOKE = Scale(rounds=1, warm_up_rounds=0, seconds=0.2, document_bytes=MIB, stream_calls=4,
              listed_documents=300, users=10, user_document_bytes=MIB, stalled_uploads=20, starts=1)


@dataclass
class Figure:
    """One line of the table. `met` compares the figure, or its ratio, with what it must reach."""

    case: str
    unit: str
    satchel: float
    must: str
    met: bool
    baseline: float | None = None
    baseline_name: str = ""
    # Every measured run, by server.
    runs: dict = field(default_factory=dict)
    # What the figure depends on, printed once below the table.
    note: str = ""

    @property
    def ratio(self):
        return self.satchel / self.baseline if self.baseline else None


def alternate(scale, runners):
    """Runs each runner in turn, round after round, so that what else happens on the machine
    meets all of them. Returns the measured runs by name."""
    runs = {name: [] for name in runners}
    for number in range(scale.warm_up_rounds + scale.rounds):
        for name, runner in runners.items():
            result = runner()
            if number >= scale.warm_up_rounds:
                runs[name].append(result)
    return runs


def median(runs, key):
    return statistics.median(run[key] for run in runs)


def judged(case, key, runs, bars, note=""):
    """A figure of Satchel's for each baseline: `bars` has the ratio to reach by baseline, or None
    for one that is only reported."""
    unit = {"mib_per_second": "MiB/s", "calls_per_second": "calls/s"}[key]
    figures = []
    for baseline, least in bars.items():
        figure = Figure(case=case, unit=unit, satchel=median(runs["satchel"], key),
                        baseline=median(runs[baseline], key), baseline_name=baseline,
                        must="", met=True, runs=runs, note=note)
        if least is not None:
            figure.must, figure.met = f">= {least:.2f} x", figure.ratio >= least
        figures.append(figure)
    return figures
