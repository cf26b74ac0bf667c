"""What is measured on the way is told at the end of the run."""

import pytest

FIGURES = pytest.StashKey[list]()


def pytest_configure(config):
    config.stash[FIGURES] = []


@pytest.fixture
def figure(request, record_property):
    """Reports a figure: on the terminal when all is done, and in the report's file."""
    def report(name: str, value: str) -> None:
        record_property(name, value)
        request.config.stash[FIGURES].append(f"{name}: {value}")
    return report


def pytest_terminal_summary(terminalreporter, config):
    for line in config.stash[FIGURES]:
        terminalreporter.write_line(line)
