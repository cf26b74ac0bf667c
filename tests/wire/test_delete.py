"""Deletion with and without SOFT_DELETE: name and usage are free at once, the bytes in time."""

import concurrent.futures
import datetime

import pytest

from harness.client import Client
from harness.documents import text_of_size
from harness.failures import refused
from harness.fsck import assert_clean
from harness.server import Server
from harness.waiting import wait_until

pytestmark = pytest.mark.short
MODES = {"hard": {"SOFT_DELETE": "false"}, "soft": {"SOFT_DELETE": "true"}}


@pytest.fixture(scope="module", params=MODES)
def server(request, make_store, tmp_path_factory):
    running = Server(make_store(), tmp_path_factory.mktemp("server"), MODES[request.param])
    running.soft = request.param == "soft"
    try:
        yield running.start()
        assert running.stop() == 0
        assert_clean(running)
    finally:
        if running.running():
            running.kill()


def test_answer_carries_the_usage_after_it(client, user):
    first = client.store(user, "a.txt", text_of_size(100, user))
    client.store(user, "b.txt", text_of_size(30, user))
    answer = client.delete(user, first.document_id)
    assert answer.success is True and answer.message
    usage = answer.updated_usage
    assert (usage.user_id, usage.file_count, usage.total_bytes) == (user, 1, 30)
    assert usage == client.usage(user).usage


def test_last_deletion_leaves_zero(client, user):
    stored = client.store(user, "a.txt", b"abc")
    usage = client.delete(user, stored.document_id).updated_usage
    assert (usage.file_count, usage.total_bytes) == (0, 0)
    assert usage.last_updated


def test_every_read_says_not_found(client, user):
    stored = client.store(user, "a.txt", b"abc")
    client.delete(user, stored.document_id)
    for call in (client.download, client.url, client.delete):
        for who in (user, user + "-other"):
            with refused("NOT_FOUND", "DOCUMENT_NOT_FOUND") as refusal:
                call(who, stored.document_id)
            assert refusal.resource_info.resource_name == stored.document_id
    page = client.list(user)
    assert (list(page.documents), page.total_count) == ([], 0)


def test_name_is_free_at_once(client, user):
    first = client.store(user, "a.txt", b"first")
    client.delete(user, first.document_id)
    second = client.store(user, "a.txt", b"second")
    assert second.path == first.path and second.document_id != first.document_id
    assert client.download(user, second.document_id).data == b"second"
    with refused("NOT_FOUND", "DOCUMENT_NOT_FOUND"):
        client.delete(user, first.document_id)
    assert client.used(user) == (1, 6)


def test_bytes_go_or_wait(client, server, user):
    stored = client.store(user, "a.txt", text_of_size(3000, user))
    assert server.store.has_object(stored)
    client.delete(user, stored.document_id)
    if server.soft:
        assert server.store.has_object(stored)
    else:
        wait_until(lambda: not server.store.has_object(stored), 10, "the bytes are removed")


def test_concurrent_deletions_count_once(server, client, user):
    client.store(user, "keep.txt", b"keep")
    stored = client.store(user, "a.txt", text_of_size(500))

    def delete(_):
        with Client(server.address) as own:
            try:
                return own.delete(user, stored.document_id).success
            except Exception as failure:
                return failure.reason
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        results = list(pool.map(delete, range(12)))
    assert sorted(map(str, results)) == ["DOCUMENT_NOT_FOUND"] * 11 + ["True"]
    assert client.used(user) == (1, 4)


def test_soft_deleted_bytes_go_after_the_retention(new_server, connect, user):
    server = new_server(SOFT_DELETE="true", SOFT_DELETE_RETENTION_DAYS=30).start()
    client = connect(server)
    old = client.store(user, "old.txt", text_of_size(4000, "old"))
    kept = client.store(user, "kept.txt", text_of_size(4000, "kept"))
    client.delete(user, old.document_id)
    assert server.stop() == 0
    rows = server.store.document_rows()

    assert server.store.age_deletions(datetime.timedelta(days=29)) == 1
    server.start()
    assert_clean(server)
    assert server.store.has_object(old)
    assert server.stop() == 0
    assert server.store.document_rows() == rows

    assert server.store.age_deletions(datetime.timedelta(days=2)) == 1
    server.start()
    wait_until(lambda: not server.store.has_object(old), 15, "the bytes are purged")
    wait_until(lambda: server.store.document_rows() == rows - 1, 15, "the row is purged")
    again = connect(server)
    assert again.download(user, kept.document_id).data == kept.data
    assert again.used(user) == (1, 4000)
    assert server.stop() == 0
    assert_clean(server)


def test_switching_soft_delete_off_keeps_what_was_deleted(new_server, connect, user):
    server = new_server(SOFT_DELETE="true").start()
    client = connect(server)
    stored = client.store(user, "a.txt", text_of_size(4000, user))
    client.delete(user, stored.document_id)
    assert server.stop() == 0
    server.settings["SOFT_DELETE"] = "false"
    server.start()
    again = connect(server)
    with refused("NOT_FOUND", "DOCUMENT_NOT_FOUND"):
        again.download(user, stored.document_id)
    assert again.used(user) == (0, 0)
    assert again.upload(user, "a.txt", b"abc").size == 3
    assert server.stop() == 0
    assert_clean(server)
