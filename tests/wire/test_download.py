"""A download that ends OK is the document; one that cannot be that does not end OK."""

import time

import grpc
import pytest

from harness.client import metadata_request
from harness.documents import MEBIBYTE, pdf_of_size, text_of_size
from harness.failures import Failure, failure_of
from harness.http2 import Http2, message
from harness.protocol import SERVICE, messages
from harness.waiting import wait_until

pytestmark = pytest.mark.short
DAMAGES_STORE = True
SIZE = 3 * MEBIBYTE + 17
SMALL_CHUNK_BYTES = 256 * 1024
CALLS_WITH_LARGE_CHUNKS = 16
SLOW_BYTES_PER_SECOND = 400 * 1024


@pytest.fixture(scope="module")
def large(client):
    return client.store("reader", "large.pdf", pdf_of_size(SIZE, "large"))


def test_info_describes_the_whole_document(client, large):
    for offset in (0, 1, SIZE):
        info = client.download("reader", large.document_id, offset=offset).info
        assert info.document_id == large.document_id
        assert (info.filename, info.mime_type) == ("large.pdf", "application/pdf")
        assert info.size == SIZE


@pytest.mark.parametrize("offset", [0, 1, 65535, 65536, 262144, MEBIBYTE + 1, SIZE - 1, SIZE])
def test_offset(client, large, offset):
    downloaded = client.download("reader", large.document_id, offset=offset)
    assert downloaded.data == large.data[offset:]


def test_every_offset_of_a_small_document(client, user):
    stored = client.store(user, "a.txt", text_of_size(100))
    for offset in range(101):
        assert client.download(user, stored.document_id, offset=offset).data == stored.data[offset:]


def test_chunks_fit_the_default_message_limit(client, large):
    sizes = client.download("reader", large.document_id).chunk_sizes
    assert sum(sizes) == SIZE
    assert 0 < min(sizes) and max(sizes) < 4 * MEBIBYTE


def test_chunks_are_small_while_many_calls_run(client, large, user):
    def largest():
        return max(client.download("reader", large.document_id).chunk_sizes)
    wait_until(lambda: largest() > SMALL_CHUNK_BYTES, 10, "a quick reader gets large chunks")
    held = [client.open_upload().send(metadata_request(user, f"{number}.txt", 10))
            for number in range(CALLS_WITH_LARGE_CHUNKS)]
    wait_until(lambda: largest() == SMALL_CHUNK_BYTES, 10, "all are in")
    for stream in held:
        stream.cancel()


def test_broken_transfer_goes_on_at_its_offset(client, large, rng):
    """Cancelled again and again at random points, the pieces are still the document."""
    received = b""
    while len(received) < SIZE:
        call = client.stub.DownloadDocument(messages.DownloadDocumentRequest(
            user_id="reader", document_id=large.document_id, offset=len(received)), timeout=30)
        wanted = len(received) + rng.randrange(1, MEBIBYTE)
        for part in call:
            received += part.chunk
            if len(received) >= wanted:
                call.cancel()
                break
    assert received == large.data


def test_document_without_reader_does_not_disturb(client, large):
    """A download that is opened and cancelled unread leaves the server well."""
    for _ in range(50):
        client.stub.DownloadDocument(messages.DownloadDocumentRequest(
            user_id="reader", document_id=large.document_id), timeout=30).cancel()
    assert client.download("reader", large.document_id).data == large.data


def assert_data_loss(client, stored, offset=0):
    """DATA_LOSS names the document, and nothing but its right prefix was sent before."""
    call = client.stub.DownloadDocument(messages.DownloadDocumentRequest(
        user_id=stored.user_id, document_id=stored.document_id, offset=offset), timeout=30)
    with pytest.raises(grpc.RpcError) as caught:
        for _ in call:
            pass
    failure = failure_of(caught.value)
    failure.assert_well_formed()
    assert (failure.code, failure.reason) == ("DATA_LOSS", "CHECKSUM_MISMATCH")
    assert failure.resource_info.resource_name == stored.document_id


@pytest.mark.parametrize("size", [1, 5000, MEBIBYTE + 3])
@pytest.mark.parametrize("damage", ["corrupt_object", "truncate_object", "remove_object"])
def test_damaged_object_is_never_ok(client, server, user, damage, size):
    stored = client.store(user, "a.txt", text_of_size(size, user))
    untouched = client.store(user, "b.txt", text_of_size(size, user + "b"))
    getattr(server.store, damage)(stored)
    for offset in {0, size // 2, size - 1}:
        assert_data_loss(client, stored, offset)
    assert client.download(user, untouched.document_id).data == untouched.data
    assert client.list(user).total_count == 2


def test_damage_before_the_offset_is_found_too(client, server, user):
    """The whole document is checked, whatever part of it is asked for."""
    stored = client.store(user, "a.txt", text_of_size(MEBIBYTE, user))
    server.store.corrupt_object(stored)
    assert_data_loss(client, stored, offset=MEBIBYTE - 10)


def test_damaged_document_can_be_deleted(client, server, user):
    stored = client.store(user, "a.txt", text_of_size(5000, user))
    server.store.remove_object(stored)
    assert client.delete(user, stored.document_id).success
    assert client.used(user) == (0, 0)


def test_deletion_does_not_break_a_running_download(client, user):
    data = pdf_of_size(20 * MEBIBYTE, user)
    stored = client.store(user, "a.pdf", data)
    call = client.stub.DownloadDocument(messages.DownloadDocumentRequest(
        user_id=user, document_id=stored.document_id), timeout=150)
    next(call)
    client.delete(user, stored.document_id)
    client.upload(user, "a.pdf", pdf_of_size(1000, "other"))
    received = b""
    try:
        for part in call:
            received += part.chunk
    except grpc.RpcError as error:
        # The bytes may go with the document; then the end must say so.
        assert failure_of(error).code in ("DATA_LOSS", "NOT_FOUND")
    else:
        assert received == data
    assert data.startswith(received)


def test_reader_that_stops_reading_is_cut(new_server, connect, user):
    server = new_server(STREAM_IDLE_TIMEOUT_SECONDS=1).start()
    stored = connect(server).store(user, "a.pdf", pdf_of_size(10 * MEBIBYTE))
    request = messages.DownloadDocumentRequest(user_id=user, document_id=stored.document_id)
    with Http2(server.address) as raw:
        stream = raw.open(SERVICE + "DownloadDocument", timeout="60S")
        raw.send(stream, message(request.SerializeToString()), end=True)
        # No window is ever opened, so the server's write blocks after the first 64 KiB.
        raw.wait(lambda: raw.ended, 10, "the stalled download is cut")
        assert raw.received <= 65535
        # Code and message overtake the unread bytes; gRPC has no way to take the details along.
        assert raw.grpc_status() == grpc.StatusCode.DEADLINE_EXCEEDED.value[0]
        assert raw.headers["grpc-message"] == "the stream was idle for too long"
    line = server.wait_for_log(lambda line: line.get("operationType") == "download")
    assert line["code"] == "DEADLINE_EXCEEDED"
    assert server.metrics()["documents_operation_failures_total"] == 0
    assert connect(server).download(user, stored.document_id).data == stored.data


@pytest.mark.parametrize("offset", [0, 3 * MEBIBYTE])
def test_slow_reader_that_goes_on_is_not_cut(new_server, connect, user, offset):
    """What it takes within the idle time is more than a small chunk, and less than a large one."""
    server = new_server(STREAM_IDLE_TIMEOUT_SECONDS=2).start()
    size = 2 * MEBIBYTE
    stored = connect(server).store(user, "a.pdf", pdf_of_size(offset + size))
    request = messages.DownloadDocumentRequest(user_id=user, document_id=stored.document_id,
                                               offset=offset)
    with Http2(server.address) as raw:
        stream = raw.open(SERVICE + "DownloadDocument", timeout="60S")
        raw.send(stream, message(request.SerializeToString()), end=True)
        begin, granted = time.monotonic(), 0
        while raw.ended is None:
            due = int((time.monotonic() - begin) * SLOW_BYTES_PER_SECOND)
            if due > granted:
                raw.grant(stream, due - granted)
                granted = due
            raw.drain(0.02)
        assert raw.grpc_status() == grpc.StatusCode.OK.value[0], raw.headers
        assert raw.received > size


def test_deadline_of_the_client(client, user):
    # gRPC rounds deadlines up to milliseconds, in which a small document is there.
    stored = client.store(user, "a.pdf", pdf_of_size(20 * MEBIBYTE))
    with pytest.raises(Failure) as caught:
        client.download(user, stored.document_id, timeout=0.000001)
    assert caught.value.code == "DEADLINE_EXCEEDED"
    assert client.download(user, stored.document_id).data == stored.data
