"""kill -9 at random moments under load: what was acknowledged stays as it was acknowledged."""

import os
import random
import threading
import time

import pytest

from harness.cli import administer
from harness.client import Client
from harness.documents import MEBIBYTE, text_of_size
from harness.failures import Failure
from harness.fsck import assert_clean

CYCLES = 300 if os.environ.get("SATCHEL_TORTURE") else 30
WORKERS = 6
READY_SECONDS = 2


class Ledger:
    """What one user's client knows for sure, and what it cannot know."""

    def __init__(self, user: str):
        self.user = user
        self.acknowledged = {}
        self.deleted = set()
        self.unsettled = set()
        self.turn = 0


def work(ledger: Ledger, address: str, rng, stop: threading.Event) -> None:
    """Uploads and deletes until the server is gone."""
    with Client(address) as client:
        while not stop.is_set():
            ledger.turn += 1
            try:
                if ledger.acknowledged and rng.random() < 0.3:
                    document_id = rng.choice(list(ledger.acknowledged))
                    ledger.unsettled.add(document_id)
                    del ledger.acknowledged[document_id]
                    client.delete(ledger.user, document_id, timeout=10)
                    ledger.unsettled.discard(document_id)
                    ledger.deleted.add(document_id)
                else:
                    size = rng.choice([1, 5000, 80_000, MEBIBYTE])
                    key = f"{ledger.user} {ledger.turn}"
                    answer = client.upload(ledger.user, f"{ledger.turn}.txt",
                                           text_of_size(size, key), timeout=10)
                    ledger.acknowledged[answer.document_id] = (size, key)
            except Failure as failure:
                assert failure.code in ("UNAVAILABLE", "CANCELLED", "DEADLINE_EXCEEDED"), failure
                return


def assert_kept(client: Client, ledger: Ledger, sample) -> None:
    """List, usage and a sample of downloads agree with what was acknowledged."""
    listed = {document.document_id: document for document in client.list_all(ledger.user)}
    missing = set(ledger.acknowledged) - set(listed)
    assert not missing, f"acknowledged and lost: {missing}"
    assert not ledger.deleted & set(listed), "a deleted document came back"
    total = sum(document.size for document in listed.values())
    assert client.used(ledger.user) == (len(listed), total)
    for document_id in sample(list(listed)):
        data = client.download(ledger.user, document_id).data
        turn = int(listed[document_id].filename.removesuffix(".txt"))
        assert data == text_of_size(len(data), f"{ledger.user} {turn}")
        if document_id in ledger.acknowledged:
            assert len(data) == ledger.acknowledged[document_id][0]


@pytest.mark.timeout(12 * CYCLES)
def test_kill_under_load(new_server, rng):
    server = new_server()
    ledgers = [Ledger(f"killed{number}") for number in range(WORKERS)]
    slowest = 0.0
    for cycle in range(CYCLES):
        begin = time.monotonic()
        server.start()
        slowest = max(slowest, time.monotonic() - begin)
        with Client(server.address) as client:
            for ledger in ledgers:
                assert_kept(client, ledger, lambda ids: rng.sample(ids, min(3, len(ids))))
        stop = threading.Event()
        seeds = [rng.random() for _ in ledgers]
        threads = [
            threading.Thread(target=work, args=(ledger, server.address, random.Random(seed), stop))
            for ledger, seed in zip(ledgers, seeds)]
        for thread in threads:
            thread.start()
        # The moment of the kill is what the test is about: random, not waited for.
        stop.wait(rng.uniform(0.02, 0.6))
        server.kill()
        stop.set()
        for thread in threads:
            thread.join(30)
            assert not thread.is_alive()
        if cycle % 10 == 9:
            assert_clean(server)
    assert sum(len(ledger.acknowledged) for ledger in ledgers) > CYCLES, "there was load"
    assert slowest < READY_SECONDS, f"ready only after {slowest:.2f} s"
    server.start()
    with Client(server.address) as client:
        for ledger in ledgers:
            assert_kept(client, ledger, lambda ids: ids)
            # Every name of a dead upload is free again.
            ledger.turn += 1
            assert client.upload(ledger.user, f"{ledger.turn}.txt", b"abc").size == 3
    assert server.stop() == 0
    assert_clean(server)


def test_killed_upload_gives_everything_back_at_the_next_start(new_server, connect, user):
    server = new_server().start()
    client = connect(server)
    administer(server, "quota", "set", user, "1000000")
    client.hold_upload(server.store, user, size=1_000_000, data=b"x" * 500_000)
    server.kill()
    server.start()
    again = connect(server)
    assert again.used(user) == (0, 0)
    assert again.upload(user, "a.txt", text_of_size(1_000_000)).size == 1_000_000
    assert server.stop() == 0
    assert server.store.object_count() == 1, "the dead upload's bytes are gone"
    assert_clean(server)


def test_kill_during_the_start(new_server, connect, user, rng):
    """The first start makes folder, key and schema; killed at any point it starts again."""
    for _ in range(10):
        server = new_server().spawn()
        threading.Event().wait(rng.uniform(0, 0.15))
        server.kill()
        server.start()
        assert connect(server).upload(user, "a.txt", b"abc").size == 3
        assert server.stop() == 0
