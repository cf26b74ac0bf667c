"""The quota holds to the byte under any concurrency, and can be changed while the server runs."""

import concurrent.futures

import pytest

from harness.cli import administer
from harness.client import Client, chunk_request
from harness.documents import text_of_size
from harness.failures import Failure, refused
from harness.waiting import wait_until

pytestmark = pytest.mark.short
RACERS = 32
WINNERS = 10


def set_quota(server, user, size) -> None:
    outcome = administer(server, "quota", "set", user, str(size))
    assert outcome.exit_code == 0, outcome.error


def race_for_room(server, user, racers, size) -> list:
    def run(number):
        with Client(server.address) as client:
            try:
                return client.upload(user, f"{number}.txt", text_of_size(size, number))
            except Failure as failure:
                return failure
    with concurrent.futures.ThreadPoolExecutor(racers) as pool:
        return list(pool.map(run, range(racers)))


@pytest.mark.parametrize("spare", [0, 1, 9999], ids=lambda spare: f"{spare} bytes to spare")
def test_room_for_exactly_ten(server, client, user, spare):
    size = 10_000
    set_quota(server, user, WINNERS * size + spare)
    results = race_for_room(server, user, RACERS, size)
    failures = [result for result in results if isinstance(result, Failure)]
    assert len(results) - len(failures) == WINNERS
    for failure in failures:
        failure.assert_well_formed()
        assert (failure.code, failure.reason) == ("RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED")
        assert failure.retry_info is None
        assert int(failure.metadata["limit"]) == WINNERS * size + spare
        assert int(failure.metadata["used"]) + size > WINNERS * size + spare
        assert int(failure.metadata["requested"]) == size
    assert client.used(user) == (WINNERS, WINNERS * size)
    assert client.list(user).total_count == WINNERS


def test_user_at_95_percent(server, client, user):
    set_quota(server, user, 100_000)
    client.upload(user, "most.txt", text_of_size(95_000))
    usage = client.usage(user).quota
    assert usage.quota_percentage == pytest.approx(95.0)
    assert usage.quota_remaining == 5_000
    with refused("RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED") as refusal:
        client.upload(user, "b.txt", text_of_size(5_001))
    assert refusal.metadata["used"] == "95000"
    assert client.upload(user, "b.txt", text_of_size(5_000)).size == 5_000
    usage = client.usage(user).quota
    assert (usage.quota_percentage, usage.quota_remaining) == (pytest.approx(100.0), 0)
    with refused("RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"):
        client.upload(user, "c.txt", b"x")


def test_reserved_bytes_count(server, client, user):
    """What is just being uploaded takes room, but is not yet used."""
    set_quota(server, user, 100)
    holder = client.hold_upload(server.store, user, "a.txt", size=60, data=b"x" * 10)
    assert client.used(user) == (0, 0)
    assert client.usage(user).quota.quota_used == 0
    with refused("RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED") as refusal:
        client.upload(user, "b.txt", text_of_size(41))
    assert refusal.metadata["used"] == "60"
    assert client.upload(user, "c.txt", text_of_size(40)).size == 40
    holder.send(chunk_request(b"x" * 50)).close()
    assert holder.result().size == 60
    assert client.used(user) == (2, 100)


def test_failed_upload_gives_its_room_back(client, server, user):
    set_quota(server, user, 100)
    for _ in range(10):
        with refused("INVALID_ARGUMENT", "SIZE_MISMATCH"):
            client.upload(user, "a.txt", b"short", size=100)
        with refused("INVALID_ARGUMENT", "CONTENT_MISMATCH"):
            client.upload(user, "a.pdf", text_of_size(100))
    assert client.upload(user, "a.txt", text_of_size(100)).size == 100


def test_cancelled_upload_gives_its_room_back(client, server, user):
    set_quota(server, user, 100)
    client.hold_upload(server.store, user, size=100).cancel()
    wait_until(lambda: server.store.pending_rows(user) == 0, 5, "the cancelled upload is gone")
    assert client.upload(user, "b.txt", text_of_size(100)).size == 100


def test_deletion_gives_its_room_back(client, server, user):
    set_quota(server, user, 100)
    for number in range(5):
        stored = client.store(user, f"{number}.txt", text_of_size(100))
        client.delete(user, stored.document_id)
    assert client.upload(user, "last.txt", text_of_size(100)).size == 100


def test_quota_of_zero_means_no_uploads(server, client, user):
    set_quota(server, user, 0)
    with refused("RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED") as refusal:
        client.upload(user, "a.txt", b"x")
    assert (refusal.metadata["limit"], refusal.metadata["used"]) == ("0", "0")
    quota = client.usage(user).quota
    assert (quota.quota_limit, quota.quota_remaining, quota.quota_percentage) == (0, 0, 100)


def test_quota_lowered_below_usage_only_stops_growth(server, client, user):
    stored = client.store(user, "a.txt", text_of_size(1000))
    set_quota(server, user, 400)
    quota = client.usage(user).quota
    assert (quota.quota_limit, quota.quota_used, quota.quota_remaining) == (400, 1000, 0)
    assert quota.quota_percentage == 100
    with refused("RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"):
        client.upload(user, "b.txt", b"x")
    assert client.download(user, stored.document_id).data == stored.data
    client.delete(user, stored.document_id)
    assert client.upload(user, "b.txt", text_of_size(400)).size == 400


def test_quota_command_while_the_server_runs(server, client, user):
    assert client.usage(user).quota.quota_limit == 1 << 30
    set_quota(server, user, "5MB")
    assert client.usage(user).quota.quota_limit == 5 << 20
    shown = administer(server, "quota", "get", user)
    assert shown.exit_code == 0 and str(5 << 20) in shown.text
    assert administer(server, "quota", "clear", user).exit_code == 0
    assert client.usage(user).quota.quota_limit == 1 << 30


def test_quota_command_while_no_server_runs(new_server, connect, user):
    server = new_server().start()
    assert server.stop() == 0
    set_quota(server, user, 1234)
    assert "1234" in administer(server, "quota", "get", user).text
    server.start()
    assert connect(server).usage(user).quota.quota_limit == 1234


def test_quota_of_a_user_that_looks_like_an_option(server, client):
    outcome = administer(server, "quota", "set", "--", "-x", "777")
    assert outcome.exit_code == 0, outcome.error
    assert client.usage("-x").quota.quota_limit == 777


@pytest.mark.parametrize("size", ["-1", "many", "", "1e9", "9223372036854775808", "5 bananas"])
def test_bad_quota(server, client, user, size):
    outcome = administer(server, "quota", "set", user, size)
    assert outcome.exit_code == 2
    assert client.usage(user).quota.quota_limit == 1 << 30


def test_default_quota_is_configurable(new_server, connect, user):
    server = new_server(DEFAULT_USER_QUOTA="1KiB").start()
    client = connect(server)
    assert client.usage(user).quota.quota_limit == 1024
    assert client.upload(user, "a.txt", text_of_size(1024)).size == 1024
    with refused("RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"):
        client.upload(user, "b.txt", b"x")


def test_uploads_and_deletions_at_the_limit(server, client, user, rng):
    """Clients that fill and empty the same quota: the sum is right at the end and never above."""
    set_quota(server, user, 50_000)
    plans = [[rng.randrange(1, 20_000) for _ in range(25)] for _ in range(8)]

    def work(number):
        with Client(server.address) as own:
            for turn, size in enumerate(plans[number]):
                try:
                    name = f"{number}-{turn}.txt"
                    document = own.upload(user, name, text_of_size(size, name))
                    assert own.usage(user).usage.total_bytes <= 50_000
                    if turn % 3:
                        own.delete(user, document.document_id)
                except Failure as failure:
                    assert failure.reason == "QUOTA_EXCEEDED"
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    listed = client.list_all(user)
    assert client.used(user) == (len(listed), sum(document.size for document in listed))
    room = 50_000 - client.used(user)[1]
    if room:
        assert client.upload(user, "rest.txt", text_of_size(room)).size == room
    with refused("RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"):
        client.upload(user, "one-more.txt", b"x")
