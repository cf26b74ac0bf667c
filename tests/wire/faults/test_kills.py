"""kill -9 of each part under load: what was acknowledged stays, and fsck is clean in the end."""

import threading

import pytest

from faults.conftest import TORTURE
from harness.breakers import wait_recovered
from harness.client import Client
from harness.fsck import assert_clean
from harness.ledger import Ledger, Workers
from harness.object_servers import MinioServer
from harness.sql_servers import MariadbServer, TidbServer
from harness.waiting import wait_until

KILLS = 20 if TORTURE else 5
WORKERS = 6
LEASE_SECONDS = 10
SETTLED_SECONDS = 40

VICTIMS = {
    "minio": (MinioServer, MariadbServer, "minio"),
    "mariadb": (MinioServer, MariadbServer, "database"),
    "tidb": (MinioServer, TidbServer, "database"),
    "replica": (MinioServer, MariadbServer, "replica"),
}


@pytest.mark.timeout(60 * KILLS)
@pytest.mark.parametrize("victim", VICTIMS)
def test_kill_under_load(victim, tmp_path, make_store, new_server, rng):
    object_kind, sql_kind, role = VICTIMS[victim]
    with object_kind(tmp_path / "objects") as objects, sql_kind(tmp_path / "database") as database:
        objects.start()
        database.start()
        store = make_store(database, objects)
        replicas = [new_server(store=store, UPLOAD_LEASE_SECONDS=LEASE_SECONDS,
                               BREAKER_OPEN_SECONDS=1).start() for _ in range(2)]
        dying = {"minio": objects, "database": database, "replica": replicas[0]}[role]
        ledgers = [Ledger(f"killed{number}") for number in range(WORKERS)]
        addresses = [replicas[number % 2].address for number in range(WORKERS)]
        for _ in range(KILLS):
            before = [ledger.successes for ledger in ledgers]
            with Workers(ledgers, addresses, rng, endure=True):
                wait_until(lambda counts=before: all(
                    ledger.successes > count for ledger, count in zip(ledgers, counts)),
                    20, "every client works")
                # The moment of the kill is what the test is about: random, not waited for.
                threading.Event().wait(rng.uniform(0, 0.7))
                dying.kill()
                threading.Event().wait(rng.uniform(0, 0.5))
                dying.start()
            prove(replicas, ledgers, lambda ids: rng.sample(ids, min(3, len(ids))))
        wait_until(lambda: not any(store.pending_rows(ledger.user) for ledger in ledgers),
                   SETTLED_SECONDS, "what was cut off is settled")
        prove(replicas, ledgers, lambda ids: ids)
        for replica in replicas:
            assert replica.stop() == 0
        assert_clean(replicas[0])


def prove(replicas, ledgers, sample) -> None:
    for replica in replicas:
        replica.wait_ready()
        wait_recovered(replica)
    with Client(replicas[1].address) as client:
        for ledger in ledgers:
            ledger.assert_kept(client, sample)
