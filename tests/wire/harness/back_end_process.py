"""A database, object store or proxy as a child process, with data that outlives a kill."""

import abc
import os
import pathlib
import signal
import subprocess

from harness.server import clean_environment
from harness.waiting import wait_until

READY_SECONDS = 60
STOP_SECONDS = 30


class BackEndProcess(abc.ABC):
    """Data, certificates and log lie in `directory`; ports stay the same over a restart.

    The process dies with the thread that started it (the tests' main thread), however that ends.
    """

    def __init__(self, directory: pathlib.Path):
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.log_path = directory / "output.log"
        self.process = None

    @abc.abstractmethod
    def command(self) -> list:
        """Program and arguments."""

    def environment(self) -> dict:
        """What the process needs beside the common environment."""
        return {}

    @abc.abstractmethod
    def answers(self) -> bool:
        """Whether it serves; asked again and again while it starts."""

    def spawn(self) -> "BackEndProcess":
        """Starts the process and returns at once."""
        assert not self.running(), "already running"
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *map(str, self.command())],
                env={**clean_environment(), **self.environment()}, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, cwd=self.directory)
        return self

    def start(self) -> "BackEndProcess":
        """Starts the process and returns when it serves."""
        self.spawn()
        self.wait_ready()
        return self

    def wait_ready(self) -> None:
        def ready():
            assert self.running(), f"{type(self).__name__} ended\n{self.output()}"
            return self.answers()
        try:
            wait_until(ready, READY_SECONDS, f"{type(self).__name__} serves")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.output()}") from None

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """SIGKILL, reaped."""
        if self.running():
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        """SIGTERM, and the end of it; what does not end is killed."""
        if self.running():
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()

    def pause(self) -> None:
        """The process keeps its connections and answers nothing until `resume`."""
        os.kill(self.process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self.process.pid, signal.SIGCONT)

    def output(self) -> str:
        """The end of what it wrote."""
        return self.log_path.read_text(errors="replace")[-4000:] if self.log_path.exists() else ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
