"""Documents above 100 MiB go to S3 in parts; of an upload that ends badly no part is left."""

import datetime

import pytest

from harness.client import chunks_of, metadata_request
from harness.documents import MEBIBYTE, pdf_of_size
from harness.fsck import assert_clean
from harness.waiting import wait_until

SIZE = 110 * MEBIBYTE
SENT = 60 * MEBIBYTE
LEASE_SECONDS = 3
SETTINGS = {"STORAGE_MAX_FILE_SIZE": "150MB", "UPLOAD_LEASE_SECONDS": LEASE_SECONDS}


def parts_in_progress(store, user) -> int:
    day = datetime.datetime.now(datetime.timezone.utc).date()
    return store.objects.pending_multipart_uploads(f"documents/{user}/general/{day}/big.pdf")


@pytest.fixture
def half_sent(make_store, new_server, connect, user):
    """A server, and an upload to it whose first parts are at the store."""
    server = new_server(store=make_store(), **SETTINGS).start()
    data = pdf_of_size(SIZE, user)
    stream = connect(server).open_upload(timeout=120).send(
        metadata_request(user, "big.pdf", SIZE), *chunks_of(data[:SENT]))
    wait_until(lambda: parts_in_progress(server.store, user) == 1, 30, "parts are on their way")
    return server, stream, data


def test_whole_document(half_sent, connect, user):
    server, stream, data = half_sent
    answer = stream.send(*chunks_of(data[SENT:])).close().result()
    assert parts_in_progress(server.store, user) == 0
    client = connect(server)
    assert client.download(user, answer.document_id).data == data
    assert client.download(user, answer.document_id, offset=SIZE - 7).data == data[-7:]
    client.delete(user, answer.document_id)
    wait_until(lambda: server.store.object_count() == 0, 10, "the bytes are removed")
    assert server.stop() == 0
    assert_clean(server)


def test_cancelled_upload(half_sent, user):
    server, stream, _ = half_sent
    stream.cancel()
    wait_until(lambda: parts_in_progress(server.store, user) == 0, 10, "the parts are removed")
    wait_until(lambda: server.store.document_rows() == 0, 10, "the row is removed")
    assert server.stop() == 0
    assert_clean(server)


def test_killed_replica(half_sent, new_server, user):
    """Another one finds the parts by the id that is in the row."""
    server, _, _ = half_sent
    server.kill()
    other = new_server(store=server.store, **SETTINGS).start()
    wait_until(lambda: parts_in_progress(server.store, user) == 0, 5 * LEASE_SECONDS,
               "the parts are removed")
    wait_until(lambda: server.store.document_rows() == 0, 5, "the row is removed")
    assert server.store.object_count() == 0
    assert other.stop() == 0
    assert_clean(other)
