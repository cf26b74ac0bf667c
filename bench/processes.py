"""The processes that a measurement needs: servers, load generators, and what they use."""

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "wire"))

from harness.ports import free_port  # noqa: E402 (found by the line before)

BUILD = ROOT / "build"
TOOLS = BUILD / "bench"

# Far more than any of them takes: a machine that is busy is no reason for not measuring.
START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 60
LOAD_SECONDS_MAX = 600
SAMPLE_SECONDS = 0.02
KEPT_ENVIRONMENT = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH")


class BenchError(Exception):
    """A measurement that could not be made; the message says why."""


def environment(settings=None):
    """None of the caller's own settings: the figures are those of the defaults."""
    kept = {key: os.environ[key] for key in KEPT_ENVIRONMENT if key in os.environ}
    return {**kept, **{key: str(value) for key, value in (settings or {}).items()}}


def run_json(command, seconds_max=LOAD_SECONDS_MAX, settings=None):
    """Runs a tool to its end and returns its last line, parsed."""
    command = [str(part) for part in command]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds_max,
                              env=environment(settings), check=False)
    except FileNotFoundError as error:
        raise BenchError(f"{command[0]} is not installed") from error
    if done.returncode != 0:
        raise BenchError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.strip()}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def load_command(case, target, **options):
    command = [TOOLS / "load_client", "--case", case, "--target", target]
    for name, value in options.items():
        command += [f"--{name}", value]
    return [str(part) for part in command]


def load(case, target, **options):
    """Runs one case of the load client."""
    return run_json(load_command(case, target, **options))


def first_answer(target):
    """A client that ends when a server answers, which need not have been started yet."""
    return subprocess.Popen(load_command("first-answer", target, seconds=START_SECONDS_MAX),
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            env=environment())


class Server:
    """A child process that is stopped at the end of the `with` block."""

    def __init__(self, command, log, settings=None):
        self.log = log
        self.started = time.monotonic()
        with open(log, "ab") as output:
            self.process = subprocess.Popen([str(part) for part in command],
                                            stdin=subprocess.DEVNULL, stdout=output,
                                            stderr=subprocess.STDOUT, env=environment(settings),
                                            cwd=log.parent)  # TiDB writes where it stands
        # Also where a start fails or is interrupted, before the `with` block has begun.
        atexit.register(self._end)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self._end()
            raise BenchError(f"{self.process.args[0]} did not stop on SIGTERM") from None
        if code != 0:
            raise BenchError(f"{self.process.args[0]} ended with {code}: {self.tail()}")

    def wait_until(self, ready):
        """Returns once `ready()` is true; a server that does not get there is ended."""
        deadline = self.started + START_SECONDS_MAX
        while not ready():
            if time.monotonic() > deadline or self.process.poll() is not None:
                self.abandon()
            time.sleep(SAMPLE_SECONDS)

    def wait_for_answer(self, client):
        """Returns what the `first_answer` client said."""
        try:
            self.wait_until(lambda: client.poll() is not None)
        finally:
            client.kill()
            output, errors = client.communicate()
        if client.returncode != 0:
            self.abandon(errors.strip())
        return json.loads(output)

    def _end(self):
        self.process.kill()
        self.process.wait()

    def abandon(self, reason=""):
        self._end()
        name = Path(self.process.args[0]).name
        raise BenchError("\n".join(filter(None, [f"{name} did not start", reason, self.tail()])))

    def tail(self):
        return self.log.read_text(errors="replace")[-2000:]


class NullServer(Server):
    """bench/null_server on a free port."""

    def __init__(self, folder):
        port = free_port()
        super().__init__([TOOLS / "null_server", "--address", f"127.0.0.1:{port}"],
                         folder / "null_server.log")
        self.target = f"127.0.0.1:{port}"
        self.wait_for_answer(first_answer(self.target))


class Satchel(Server):
    """`satchel serve` on free ports, over an empty folder or the back ends in `settings`; otherwise
    the defaults."""

    def __init__(self, folder, settings=None):
        port = free_port()
        self.target = f"127.0.0.1:{port}"
        # Begun first, so that only the server's start is between `started` and the answer.
        client = first_answer(self.target)
        super().__init__([BUILD / "satchel", "serve"], folder / "satchel.log", {
            "HOST": "127.0.0.1",
            "PORT": port,
            "METRICS_PORT": free_port(),
            "HTTP_PORT": free_port(),
            "STORAGE_DIR": folder / "satchel-data",
            "DEFAULT_USER_QUOTA": 1 << 40,
            **(settings or {}),
        })
        self.start_seconds = self.wait_for_answer(client)["monotonic_seconds"] - self.started

    def status(self, key):
        """A number of /proc/PID/status; sizes are in KiB."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            name, _, value = line.partition(":")
            if name == key:
                return int(value.split()[0])
        raise BenchError(f"no {key} in /proc/{self.process.pid}/status")

    def resident_mib(self):
        return self.status("VmRSS") / 1024

    def peak_mib(self):
        return self.status("VmHWM") / 1024


class Nginx(Server):
    """nginx with sendfile, serving the files in `folder`."""

    CONFIGURATION = """
daemon off;
{user}
worker_processes auto;
pid {folder}/nginx.pid;
error_log stderr;
events {{ worker_connections 256; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{port}; root {folder}/files; }}
}}
"""

    def __init__(self, folder):
        own = folder / "nginx"
        (own / "files").mkdir(parents=True)
        port = free_port()
        configuration = own / "nginx.conf"
        # Workers of a root process would else become a user who may not reach the files.
        user = "user root;" if os.geteuid() == 0 else ""
        configuration.write_text(self.CONFIGURATION.format(user=user, folder=own, port=port))
        self.files = own / "files"
        self.url = f"http://127.0.0.1:{port}"
        super().__init__(["/usr/sbin/nginx", "-c", configuration, "-e", "stderr"],
                         folder / "nginx.log")
        self.wait_until(lambda: accepts(port))


def accepts(port):
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


class ThreadSampler:
    """The most threads that a server had within the `with` block. (The kernel keeps the peak of
    the memory itself.)"""

    def __init__(self, server):
        self.most = 0
        self._server = server
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def _run(self):
        while not self._stop.wait(SAMPLE_SECONDS):
            self.most = max(self.most, self._server.status("Threads"))
