"""kill -9 at random moments under load: what was acknowledged stays as it was acknowledged."""

import os
import re
import threading
import time

import pytest

from harness.cli import administer
from harness.client import Client
from harness.documents import text_of_size
from harness.fsck import assert_clean
from harness.ledger import Ledger, Workers
from harness.server import ServerExited

CYCLES = 300 if os.environ.get("SATCHEL_TORTURE") else 30
WORKERS = 6
READY_SECONDS = 15


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
                ledger.assert_kept(client, lambda ids: rng.sample(ids, min(3, len(ids))))
        with Workers(ledgers, [server.address] * WORKERS, rng):
            # The moment of the kill is what the test is about: random, not waited for.
            threading.Event().wait(rng.uniform(0.02, 0.6))
            server.kill()
        if cycle % 10 == 9:
            assert_clean(server)
    assert sum(len(ledger.acknowledged) for ledger in ledgers) > CYCLES, "there was load"
    assert slowest < READY_SECONDS, f"ready only after {slowest:.2f} s"
    server.start()
    with Client(server.address) as client:
        for ledger in ledgers:
            ledger.assert_kept(client, lambda ids: ids)
            # Every name of a dead upload is free again.
            ledger.turn += 1
            assert client.upload(ledger.user, f"{ledger.turn}.txt", b"abc").size == 3
    assert server.stop() == 0
    assert_clean(server)


@pytest.mark.sqlite
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
    """The first start makes folder, key and schema; killed at any point it starts again.

    MariaDB and TiDB cannot undo half a migration. That is told, and settled as the operator does.
    """
    for _ in range(10):
        server = new_server().spawn()
        threading.Event().wait(rng.uniform(0, 0.15))
        server.kill()
        try:
            server.start()
        except ServerExited as exited:
            assert "migrate resolve" in exited.output
            (migration,) = set(re.findall(r"migration (\w+) began", exited.output))
            server.store.undo_migration(migration)
            assert administer(server, "migrate", "resolve", "--rolled-back",
                              migration).exit_code == 0
            server.start()
        assert connect(server).upload(user, "a.txt", b"abc").size == 3
        assert server.stop() == 0
