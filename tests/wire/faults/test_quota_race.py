"""Two replicas and many clients race for the last bytes of a quota: never one byte over."""

import concurrent.futures
import threading

from faults.conftest import TORTURE
from harness.cli import administer
from harness.client import Client
from harness.documents import text_of_size
from harness.failures import Failure
from harness.fsck import assert_clean

CLIENTS_PER_REPLICA = 64
ROUNDS = 25 if TORTURE else 5
WINNERS = 20
SIZE = 3000
SPARE = SIZE - 1


def race(replicas, user) -> list:
    """Answers and failures of all clients, which start together."""
    count = CLIENTS_PER_REPLICA * len(replicas)
    barrier = threading.Barrier(count)

    def run(number):
        with Client(replicas[number % len(replicas)].address) as client:
            barrier.wait(60)
            try:
                return client.upload(user, f"{number}.txt", text_of_size(SIZE, number))
            except Failure as failure:
                return failure
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def test_never_one_byte_over(make_store, sql_server, new_server, connect):
    store = make_store(sql_server)
    replicas = [new_server(store=store).start() for _ in range(2)]
    limit = WINNERS * SIZE + SPARE
    for turn in range(ROUNDS):
        user = f"racer{turn}"
        assert administer(replicas[turn % 2], "quota", "set", user, str(limit)).exit_code == 0
        results = race(replicas, user)
        failures = [result for result in results if isinstance(result, Failure)]
        for failure in failures:
            assert failure.reason == "QUOTA_EXCEEDED", failure
            assert int(failure.metadata["used"]) <= limit
        assert len(results) - len(failures) == WINNERS
        for replica in replicas:
            assert connect(replica).used(user) == (WINNERS, WINNERS * SIZE)
    for replica in replicas:
        assert replica.stop() == 0
    assert_clean(replicas[0])


def test_one_name_has_one_winner_across_replicas(make_store, sql_server, new_server, connect):
    store = make_store(sql_server)
    replicas = [new_server(store=store).start() for _ in range(2)]
    for turn in range(ROUNDS):
        user = f"namesake{turn}"

        def run(number, user=user):
            with Client(replicas[number % 2].address) as client:
                try:
                    return client.upload(user, "same.txt", text_of_size(1000, number))
                except Failure as failure:
                    return failure
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            results = list(pool.map(run, range(16)))
        failures = [result for result in results if isinstance(result, Failure)]
        assert len(failures) == 15
        assert {failure.reason for failure in failures} == {"DOCUMENT_ALREADY_EXISTS"}
        assert connect(replicas[0]).used(user) == (1, 1000)
    for replica in replicas:
        assert replica.stop() == 0
    assert_clean(replicas[0])
