"""Replicas share nothing but store and database, and nobody can tell which one answered."""

import pytest
import requests

from harness.client import chunk_request
from harness.documents import MEBIBYTE, text_of_size
from harness.failures import refused
from harness.fsck import assert_clean
from harness.waiting import wait_until

LEASE_SECONDS = 6


@pytest.fixture
def replicas(make_store, sql_server, new_server):
    store = make_store(sql_server)
    return [new_server(store=store, UPLOAD_LEASE_SECONDS=LEASE_SECONDS).start()
            for _ in range(2)]


def end(replicas) -> None:
    for replica in replicas:
        assert replica.stop() == 0
    assert_clean(replicas[0])


def test_every_call_on_any_replica(replicas, connect, user):
    one, two = (connect(replica) for replica in replicas)
    stored = one.store(user, "a.txt", text_of_size(4000, user))
    with refused("ALREADY_EXISTS", "DOCUMENT_ALREADY_EXISTS"):
        two.upload(user, "a.txt", b"abc")
    assert two.download(user, stored.document_id).data == stored.data
    assert two.used(user) == one.used(user) == (1, 4000)
    link = one.url(user, stored.document_id).presigned_url
    two.delete(user, stored.document_id)
    assert one.used(user) == (0, 0)
    assert requests.get(link, timeout=10).status_code == 404
    assert one.upload(user, "a.txt", b"again").size == 5
    end(replicas)


def test_page_tokens_go_from_replica_to_replica(replicas, connect, user):
    clients = [connect(replica) for replica in replicas]
    ids = {clients[number % 2].upload(user, f"{number}.txt", b"x").document_id
           for number in range(25)}
    listed, token, turn = [], "", 0
    while True:
        page = clients[turn % 2].list(user, page_size=4, page_token=token)
        assert page.total_count == 25
        listed += [document.document_id for document in page.documents]
        token, turn = page.next_page_token, turn + 1
        if not token:
            break
    assert len(listed) == 25 and set(listed) == ids
    end(replicas)


def test_killed_replica_leaves_nothing_after_its_lease(replicas, connect, user):
    """The other one gives name and quota back; of the bytes nothing is left."""
    store = replicas[0].store
    for number in range(5):
        connect(replicas[0]).hold_upload(store, user, f"{number}.txt", size=3 * MEBIBYTE,
                                         data=b"x" * 2 * MEBIBYTE)
    replicas[0].kill()
    other = connect(replicas[1])
    with refused("ALREADY_EXISTS", "DOCUMENT_ALREADY_EXISTS") as refusal:
        other.upload(user, "0.txt", b"abc")
    assert refusal.retry_info is not None
    wait_until(lambda: store.pending_rows(user) == 0, 5 * LEASE_SECONDS, "the leases are taken")
    assert other.upload(user, "0.txt", b"abc").size == 3
    assert other.used(user) == (1, 3)
    wait_until(lambda: store.document_rows() == 1, 10, "the dead rows are gone")
    assert store.object_count() == 1
    assert replicas[1].stop() == 0
    assert_clean(replicas[1])


def test_running_upload_keeps_its_lease(replicas, connect, user):
    """The sweeper of the other replica leaves an upload alone that still sends."""
    store = replicas[0].store
    stream = connect(replicas[0]).hold_upload(store, user, size=30, data=b"")
    for number in range(3 * LEASE_SECONDS):
        stream.send(chunk_request(b"x"))
        with pytest.raises(AssertionError):
            wait_until(lambda: store.pending_rows(user) == 0, 1, "still pending")
        assert number < 30
    answer = stream.send(chunk_request(b"x" * (30 - 3 * LEASE_SECONDS))).close().result()
    assert connect(replicas[1]).download(user, answer.document_id).data == b"x" * 30
    end(replicas)


def test_one_replica_sweeps(make_store, sql_server, new_server):
    """The lease in the database names one, and another takes it when that one is gone."""
    store = make_store(sql_server)
    first, second = (new_server(store=store, UPLOAD_LEASE_SECONDS=LEASE_SECONDS)
                     for _ in range(2))

    def holders() -> list:
        return store.rows.query("SELECT value FROM {satchel_setting}"
                                " WHERE expires_at > UTC_TIMESTAMP(3) AND name = 'sweeper_lease'")
    first.start()
    one = wait_until(holders, 30, "the only replica holds the sweeper's lease")
    assert len(one) == 1
    second.start()
    with pytest.raises(AssertionError):
        wait_until(lambda: holders() not in (one, []), LEASE_SECONDS,
                   "the other one takes the lease away")
    first.kill()
    other = wait_until(lambda: (now := holders()) != one and now, 3 * LEASE_SECONDS,
                       "the other one takes over")
    assert len(other) == 1
    assert second.stop() == 0
    assert holders() == [], "given up at the end"
    assert_clean(second)
