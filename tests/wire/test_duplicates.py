"""One name, one document: the holder is named, and of many rivals exactly one wins."""

import concurrent.futures

import pytest

from harness.client import Client, chunk_request, metadata_request
from harness.documents import text_of_size
from harness.failures import Failure, refused
from harness.waiting import wait_until

pytestmark = pytest.mark.short
RIVALS = 16


def race(server, attempts) -> list:
    """Runs the callables at once, each with a connection of its own; results and failures."""
    def run(attempt):
        with Client(server.address) as client:
            try:
                return attempt(client)
            except Failure as failure:
                return failure
    with concurrent.futures.ThreadPoolExecutor(len(attempts)) as pool:
        return list(pool.map(run, attempts))


def test_rivals_for_one_name(server, client, user):
    for turn in range(5):
        name, size = f"{turn}.txt", 40_000
        results = race(server, [
            lambda rival, number=number: rival.upload(user, name, text_of_size(size, number))
            for number in range(RIVALS)])
        winners = [result for result in results if not isinstance(result, Failure)]
        losers = [result for result in results if isinstance(result, Failure)]
        assert len(winners) == 1
        for failure in losers:
            failure.assert_well_formed()
            assert (failure.code, failure.reason) == ("ALREADY_EXISTS", "DOCUMENT_ALREADY_EXISTS")
            assert failure.resource_info.resource_name == winners[0].document_id
        data = client.download(user, winners[0].document_id).data
        assert data in [text_of_size(size, number) for number in range(RIVALS)]
        assert client.used(user) == (turn + 1, (turn + 1) * size)


def test_rivals_again_after_each_deletion(server, client, user):
    for _ in range(5):
        results = race(server, [
            lambda rival, number=number: rival.upload(user, "a.txt", text_of_size(99, number))
            for number in range(RIVALS)])
        winners = [result for result in results if not isinstance(result, Failure)]
        assert len(winners) == 1
        client.delete(user, winners[0].document_id)
        assert client.used(user) == (0, 0)


def test_completed_holder_is_named(client, user):
    stored = client.store(user, "a.txt", b"first")
    with refused("ALREADY_EXISTS", "DOCUMENT_ALREADY_EXISTS") as refusal:
        client.upload(user, "a.txt", b"second")
    assert refusal.resource_info.resource_name == stored.document_id
    assert refusal.metadata["status"] == "COMPLETED"
    assert refusal.retry_info is None
    assert client.download(user, stored.document_id).data == b"first"
    assert client.used(user) == (1, 5)


def test_pending_holder_is_named_and_worth_a_retry(server, client, user):
    holder = client.hold_upload(server.store, user)
    with refused("ALREADY_EXISTS", "DOCUMENT_ALREADY_EXISTS") as refusal:
        client.upload(user, "a.txt", b"second")
    assert refusal.metadata["status"] == "PENDING"
    assert refusal.retry_info is not None
    answer = holder.send(chunk_request(b"defghij")).close().result()
    assert answer.document_id == refusal.resource_info.resource_name
    assert client.download(user, answer.document_id).data == b"abcdefghij"


def test_name_is_free_after_a_cancelled_holder(server, client, user):
    client.hold_upload(server.store, user).cancel()
    wait_until(lambda: server.store.pending_rows(user) == 0, 5, "the cancelled upload is gone")
    assert client.upload(user, "a.txt", b"second").size == 6


def test_name_is_free_when_a_failure_has_been_answered(client, user):
    for _ in range(20):
        with refused("INVALID_ARGUMENT", "SIZE_MISMATCH"):
            client.upload(user, "a.txt", b"abc", size=10)
    assert client.upload(user, "a.txt", b"abc").size == 3


def test_name_is_free_at_once_after_a_deletion(client, user):
    ids = set()
    for number in range(20):
        stored = client.store(user, "a.txt", b"%d" % number)
        ids.add(stored.document_id)
        client.delete(user, stored.document_id)
    assert len(ids) == 20
    assert client.used(user) == (0, 0)


def test_late_rival_does_not_disturb_the_winner(server, client, user):
    holder = client.hold_upload(server.store, user)
    for _ in range(10):
        stream = client.open_upload().send(metadata_request(user, "a.txt", 10))
        with refused("ALREADY_EXISTS", "DOCUMENT_ALREADY_EXISTS"):
            stream.result(seconds=3)
    answer = holder.send(chunk_request(b"defghij")).close().result()
    assert client.download(user, answer.document_id).data == b"abcdefghij"
    assert client.used(user) == (1, 10)
