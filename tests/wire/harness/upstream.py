"""The process behind UPSTREAM_GRPC, and a client that reaches it through Satchel or past it."""

import contextlib
import pathlib
import signal
import subprocess
import sys

import grpc

from harness.client import CHANNEL_OPTIONS
from harness.ports import free_port
from harness.server import clean_environment
from harness.upstream_protocol import ai_services, probe, probe_services
from harness.waiting import wait_until

START_SECONDS = 20


class Upstream:
    """Keeps its port over restarts."""

    def __init__(self, directory: pathlib.Path, bare: bool = False):
        self._port = free_port()
        self._log = directory / "upstream.log"
        self._arguments = ["--bare"] if bare else []
        self._process = None
        self.address = f"127.0.0.1:{self._port}"

    def start(self) -> "Upstream":
        written = self._log.stat().st_size if self._log.exists() else 0
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "harness.upstream_server", str(self._port),
                 *self._arguments],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=clean_environment(),
                cwd=pathlib.Path(__file__).resolve().parents[1])

        def serving():
            assert self._process.poll() is None, self._log.read_text()
            return b"serving" in self._log.read_bytes()[written:]
        wait_until(serving, START_SECONDS, "the upstream serves")
        return self

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> int:
        self.signal(signal.SIGTERM)
        return self._process.wait(timeout=15)

    def output(self) -> str:
        return self._log.read_text(errors="replace")

    def __enter__(self) -> "Upstream":
        return self.start()

    def __exit__(self, *_):
        self.kill()


class Caller:
    """One channel, with the stubs of what is behind UPSTREAM_GRPC."""

    def __init__(self, address: str, options=()):
        self.channel = grpc.insecure_channel(address, [*CHANNEL_OPTIONS, *options])
        self.ai = ai_services.AIServiceStub(self.channel)
        self.probe = probe_services.ProbeStub(self.channel)

    def observed(self):
        return self.probe.Observe(probe.Payload(), timeout=10)

    def __enter__(self) -> "Caller":
        return self

    def __exit__(self, *_):
        self.channel.close()


@contextlib.contextmanager
def ends_with(code: grpc.StatusCode):
    """Expects the block to end with this code; yields a list that will hold the error."""
    errors = []
    try:
        yield errors
    except grpc.RpcError as error:
        errors.append(error)
    assert errors, f"expected {code}, the call was OK"
    assert errors[0].code() is code, errors[0]
