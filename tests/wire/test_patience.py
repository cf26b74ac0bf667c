"""What takes a real minute, which the other tests fill: it begins early and is looked at late.

The shortest life of a link is one minute, and the clients of the platform ping every 20 s: gRPC's
own policy would cut such a connection at the fourth ping.
"""

import threading
import time

import pytest
import requests

from harness.client import Client
from harness.fsck import served
from harness.http2 import Http2
from harness.server import Server
from harness.waiting import wait_until

PING_SECONDS = 20
PINGS = 4
LINK_SECONDS = 60


class Pinger(threading.Thread):
    """One idle connection, without any call on it, that pings like a client with keepalive."""

    def __init__(self, address: str):
        super().__init__(daemon=True)
        self._address = address
        self.acknowledged = 0
        self.ended = None

    def run(self) -> None:
        with Http2(self._address) as raw:
            for number in range(1, PINGS + 1):
                raw.ping()
                raw.wait(lambda: raw.pings >= number or raw.ended, 10, "the ping is answered")
                due = time.monotonic() + PING_SECONDS
                while number < PINGS and not raw.ended and time.monotonic() < due:
                    raw.drain(due - time.monotonic())
                if raw.ended:
                    break
            self.acknowledged, self.ended = raw.pings, raw.ended


@pytest.fixture(scope="session")
def server(make_store, tmp_path_factory):
    """Like every module's, but with other modules' tests between this one's."""
    with served(Server(make_store(), tmp_path_factory.mktemp("server"), {})) as running:
        yield running


@pytest.fixture(scope="session")
def client(server):
    with Client(server.address) as shared:
        yield shared


@pytest.fixture(scope="session")
def pinger(server):
    thread = Pinger(server.address)
    thread.start()
    return thread


@pytest.fixture(scope="session")
def link(client):
    stored = client.store("patient", "a.txt", b"abc")
    return client.url("patient", stored.document_id, expiry_minutes=1).presigned_url


@pytest.mark.early
def test_fresh_link_works(pinger, link):
    assert requests.get(link, timeout=10).content == b"abc"


@pytest.mark.late
def test_expired_link_is_refused(client, link):
    wait_until(lambda: requests.get(link, timeout=10).status_code != 200, LINK_SECONDS + 5,
               "the link expires")
    for method in ("GET", "HEAD"):
        assert requests.request(method, link, timeout=10).status_code == 403
    document_id = client.list("patient").documents[0].document_id
    assert client.download("patient", document_id).data == b"abc"


@pytest.mark.late
def test_client_that_pings_every_20_seconds_is_tolerated(pinger):
    pinger.join(PING_SECONDS * PINGS)
    assert not pinger.is_alive()
    assert (pinger.acknowledged, pinger.ended) == (PINGS, None)
