"""One `satchel serve` process: start, readiness, signals, logs, resources."""

import json
import os
import pathlib
import signal
import subprocess
import time

import psutil
import requests

from harness.locations import binary
from harness.ports import free_port
from harness.waiting import wait_until

READY_SECONDS = 60
STOP_SECONDS = 30


class ServerExited(Exception):
    """The process ended before it was ready."""

    def __init__(self, exit_code: int, output: str):
        super().__init__(f"exit code {exit_code}\n{output}")
        self.exit_code = exit_code
        self.output = output


def clean_environment() -> dict:
    """What every process under test starts from: none of the caller's settings."""
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS")
    return {key: os.environ[key] for key in kept if key in os.environ}


class Server:
    """Runs over `store`, with the ports given or free ones; settings are environment keys.

    A restart keeps ports and settings. Standard output and error go to files in `directory`.
    """

    def __init__(self, store, directory: pathlib.Path, settings: dict, arguments=(), user=None,
                 program=None):
        self.store = store
        self.directory = directory
        self.arguments = list(arguments)
        self._user = user
        self._program = program
        self.settings = {
            "HOST": "127.0.0.1",
            "PORT": str(free_port()),
            "METRICS_PORT": str(free_port()),
            "HTTP_PORT": str(free_port()),
            **store.environment(),
            **{key: str(value) for key, value in settings.items()},
        }
        self.settings = {key: value for key, value in self.settings.items() if value != "UNSET"}
        self.process = None
        directory.mkdir(parents=True, exist_ok=True)
        self.stdout_path = directory / "stdout.log"
        self.stderr_path = directory / "stderr.log"

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.settings['PORT']}"

    @property
    def metrics_url(self) -> str:
        return f"http://127.0.0.1:{self.settings['METRICS_PORT']}"

    @property
    def environment(self) -> dict:
        return {**clean_environment(), **self.settings}

    def spawn(self) -> "Server":
        """Starts the process and returns at once."""
        assert self.process is None or self.process.poll() is not None, "already running"
        program = self._program or binary()
        with open(self.stdout_path, "ab") as out, open(self.stderr_path, "ab") as err:
            self.process = subprocess.Popen(
                [str(program), "serve", *self.arguments], env=self.environment, stdout=out,
                stderr=err, stdin=subprocess.DEVNULL, cwd=self.directory, user=self._user)
        return self

    def start(self) -> "Server":
        """Starts the process and returns when /readyz answers 200."""
        self.spawn()
        self.wait_ready()
        return self

    def wait_ready(self, seconds: float = READY_SECONDS) -> None:
        def ready():
            if self.process.poll() is not None:
                raise ServerExited(self.process.returncode, self.output())
            return self.probe("/readyz") == 200
        wait_until(ready, seconds, f"{self.metrics_url}/readyz answers 200\n{self.output()}")

    def probe(self, path: str):
        """HTTP status of a path on the metrics port, None while nothing listens."""
        try:
            return requests.get(self.metrics_url + path, timeout=15).status_code
        except requests.ConnectionError:
            return None

    def metrics(self) -> dict:
        return requests.get(self.metrics_url + "/metrics", timeout=15).json()

    def prometheus(self) -> str:
        answer = requests.get(self.metrics_url + "/metrics", timeout=15,
                              headers={"Accept": "text/plain;version=0.0.4"})
        assert answer.status_code == 200
        return answer.text

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def wait(self, seconds: float = STOP_SECONDS) -> int:
        return self.process.wait(timeout=seconds)

    def stop(self, seconds: float = STOP_SECONDS) -> int:
        """SIGTERM; returns the exit code."""
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        return self.wait(seconds)

    def kill(self) -> None:
        """SIGKILL, reaped."""
        if self.process.poll() is None:
            self.signal(signal.SIGKILL)
        self.wait()

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def output(self) -> str:
        """Both streams, the end of them."""
        texts = [path.read_text(errors="replace")[-8000:]
                 for path in (self.stdout_path, self.stderr_path) if path.exists()]
        return "\n".join(texts)

    def complaints(self) -> str:
        """The last of what is not about what went well."""
        lines = [line for path in (self.stdout_path, self.stderr_path) if path.exists()
                 for line in path.read_text(errors="replace").splitlines()
                 if '"level":"info"' not in line]
        return "\n".join(lines[-20:])[-8000:]

    def log_text(self) -> str:
        return self.stdout_path.read_text(errors="surrogateescape")

    def logs(self) -> list:
        """Every complete line of standard output so far, each of which must be a JSON object."""
        text = self.log_text()
        complete = text[:text.rfind("\n") + 1]
        return [json.loads(line) for line in complete.split("\n") if line]

    def wait_for_log(self, matches, seconds: float = 30, what: str = "log line"):
        def search():
            return next((line for line in self.logs() if matches(line)), None)
        return wait_until(search, seconds, what)

    def peak_memory_bytes(self) -> int:
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        peak = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(peak.split()[1]) * 1024

    def thread_count(self) -> int:
        return psutil.Process(self.process.pid).num_threads()

    def connection_count(self, port_key: str) -> int:
        """How many clients hold a connection to the port named by `port_key`."""
        port = int(self.settings[port_key])
        connections = psutil.Process(self.process.pid).net_connections("tcp")
        return sum(c.laddr.port == port and c.status == psutil.CONN_ESTABLISHED
                   for c in connections)

    def descriptor_count(self) -> int:
        return psutil.Process(self.process.pid).num_fds()


def run_to_exit(server: Server, seconds: float = READY_SECONDS) -> ServerExited:
    """Starts a server that must refuse to run; returns how it ended."""
    server.spawn()
    deadline = time.monotonic() + seconds
    try:
        exit_code = server.process.wait(timeout=max(0.1, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        server.kill()
        raise AssertionError(f"the server did not refuse to start\n{server.output()}") from None
    return ServerExited(exit_code, server.output())
