"""A name that is used again at once, while an old PUT or DELETE of it is still on its way."""

import datetime

import pytest
import requests

from harness.client import chunk_request, metadata_request
from harness.documents import text_of_size
from harness.failures import Failure
from harness.fsck import assert_clean, fsck
from harness.request_gate import RequestGate
from harness.waiting import wait_until

DELAY_SECONDS = 10
LEASE_SECONDS = 3
DAY = datetime.timedelta(days=1)


@pytest.fixture
def gate(servers):
    with RequestGate(servers.minio.endpoint) as gate:
        yield gate


def newer_document_stands(client, user, newer) -> None:
    assert client.used(user) == (1, len(newer.data))
    assert client.download(user, newer.document_id).data == newer.data
    link = client.url(user, newer.document_id).presigned_url
    assert requests.get(link, timeout=10).content == newer.data


def test_late_put_is_an_orphan_that_is_swept(make_store, new_server, connect, gate, user):
    """Its sender is killed, the other replica gives the name away, and then the PUT arrives."""
    store = make_store()
    shared = {"store": store, "UPLOAD_LEASE_SECONDS": LEASE_SECONDS}
    first = new_server(**shared, MINIO_ENDPOINT=gate.endpoint).start()
    second = new_server(**shared).start()
    held = gate.hold_next("PUT", "/documents/", DELAY_SECONDS)
    old = text_of_size(5000, "old")
    upload = connect(first).open_upload().send(
        metadata_request(user, "a.txt", len(old)), chunk_request(old)).close()
    held.wait_taken()
    first.kill()
    with pytest.raises(Failure):
        upload.result()
    client = connect(second)
    wait_until(lambda: store.pending_rows(user) == 0, 5 * LEASE_SECONDS, "the name is free")
    newer = client.store(user, "a.txt", text_of_size(4000, "newer"))
    assert not held.landed.is_set(), "the name is in use again before the old PUT arrives"
    assert held.wait_landed() == 200
    assert store.object_count() == 2, "the late PUT is a version of its own"
    newer_document_stands(client, user, newer)
    age_orphan(store, newer)
    assert fsck(second).exit_code == 1
    fsck(second, "--repair")
    assert store.object_count() == 1
    newer_document_stands(client, user, newer)
    assert second.stop() == 0
    assert_clean(second)


def age_orphan(store, newer) -> None:
    """A version cannot be made older: an older one with its key takes its place."""
    kept = store.rows.version_of(newer.document_id)
    (orphan,) = (version for version in store.objects.versions() if version["VersionId"] != kept)
    data = store.objects.read(orphan["Key"], orphan["VersionId"])
    store.objects.remove_version(orphan["Key"], orphan["VersionId"])
    store.objects.server.put_aged(store.objects.bucket, orphan["Key"], data, 2 * DAY)


def test_late_delete_removes_only_what_it_was_meant_for(make_store, new_server, connect, gate,
                                                        user):
    store = make_store()
    server = new_server(store=store, MINIO_ENDPOINT=gate.endpoint).start()
    client = connect(server)
    old = client.store(user, "a.txt", text_of_size(5000, "old"))
    held = gate.hold_next("DELETE", "/documents/", DELAY_SECONDS)
    answer = client.delete(user, old.document_id)
    assert answer.updated_usage.file_count == 0
    held.wait_taken()
    newer = client.store(user, "a.txt", text_of_size(4000, "newer"))
    assert not held.landed.is_set(), "the name is in use again before the old DELETE arrives"
    assert held.wait_landed() == 204
    newer_document_stands(client, user, newer)
    assert store.object_count() == 1
    assert server.stop() == 0
    assert_clean(server)
