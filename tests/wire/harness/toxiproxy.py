"""toxiproxy between a server under test and what it stands on: slow, cut, silent."""

import contextlib
import itertools
import pathlib

import requests

from harness.back_end_process import BackEndProcess
from harness.locations import back_end_program
from harness.ports import free_port

REQUEST_SECONDS = 10


class Toxiproxy(BackEndProcess):
    def __init__(self, directory: pathlib.Path):
        super().__init__(directory)
        self.port = free_port()
        self._numbers = itertools.count(1)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self) -> list:
        return [back_end_program("toxiproxy-server"), "-host", "127.0.0.1", "-port", self.port]

    def answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/version", timeout=REQUEST_SECONDS).status_code == 200
        except requests.RequestException:
            return False

    def proxy(self, upstream: str, host: str = "127.0.0.1") -> "Proxy":
        """A proxy that forwards everything until told otherwise."""
        return Proxy(self, f"proxy{next(self._numbers)}", upstream, host)


class Proxy:
    def __init__(self, toxiproxy: Toxiproxy, name: str, upstream: str, host: str):
        self.endpoint = f"{host}:{free_port()}"
        self._url = f"{toxiproxy.url}/proxies/{name}"
        _checked(requests.post(f"{toxiproxy.url}/proxies", timeout=REQUEST_SECONDS, json={
            "name": name, "listen": self.endpoint, "upstream": upstream, "enabled": True}))

    def set_enabled(self, enabled: bool) -> None:
        """Not enabled: nothing listens, and what was connected is cut."""
        _checked(requests.post(self._url, timeout=REQUEST_SECONDS, json={"enabled": enabled}))

    @contextlib.contextmanager
    def down(self):
        self.set_enabled(False)
        try:
            yield
        finally:
            self.set_enabled(True)

    @contextlib.contextmanager
    def toxic(self, kind: str, stream: str = "downstream", **attributes):
        """`kind` is latency, bandwidth, timeout, reset_peer, …; attributes as toxiproxy has them.

        upstream is what the server under test sends, downstream what it receives.
        """
        name = f"{kind}-{stream}"
        _checked(requests.post(f"{self._url}/toxics", timeout=REQUEST_SECONDS, json={
            "name": name, "type": kind, "stream": stream, "attributes": attributes}))
        try:
            yield
        finally:
            _checked(requests.delete(f"{self._url}/toxics/{name}", timeout=REQUEST_SECONDS))


def _checked(answer: requests.Response) -> None:
    assert answer.ok, f"toxiproxy: {answer.status_code} {answer.text}"
