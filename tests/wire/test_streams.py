"""Peers that send garbage, stall, cancel or vanish: an error for them, and nothing leaks."""

import socket
import struct
import time

import pytest

from harness.client import chunk_request, metadata_request
from harness.documents import MEBIBYTE, TXT, text_of_size
from harness.failures import Failure, refused
from harness.http2 import Http2, message
from harness.protocol import SERVICE, messages
from harness.waiting import wait_until
from harness.wire_format import chunk_frame, field_bytes, field_varint, metadata_frame

pytestmark = pytest.mark.short
IDLE_SECONDS = 2
LONG_IDLE_SECONDS = 8
SERVER_SETTINGS = {"STREAM_IDLE_TIMEOUT_SECONDS": IDLE_SECONDS}


def assert_given_back(server, client, user, filename="a.txt"):
    """Name and room are free, and no PENDING row is left."""
    wait_until(lambda: server.store.pending_rows(user) == 0, 5, "the reservation is given back")
    assert client.list(user).total_count == 0
    assert client.used(user) == (0, 0)
    stored = client.store(user, filename, b"all well")
    assert client.download(user, stored.document_id).data == b"all well"


# --- wrong shapes

def test_metadata_twice(server, client, user):
    first = metadata_request(user, "a.txt", 10)
    stream = client.open_upload().send(first, chunk_request(b"abc"), first)
    with refused("INVALID_ARGUMENT", "UPLOAD_STREAM_INVALID"):
        stream.result()
    assert_given_back(server, client, user)


def test_metadata_after_all_bytes(server, client, user):
    first = metadata_request(user, "a.txt", 3)
    stream = client.open_upload().send(first, chunk_request(b"abc"), first)
    with refused("INVALID_ARGUMENT", "UPLOAD_STREAM_INVALID"):
        stream.result()
    assert_given_back(server, client, user)


def test_nothing_at_all(client):
    with refused("INVALID_ARGUMENT", "UPLOAD_STREAM_INVALID"):
        client.open_upload().close().result()


def test_chunk_first(client):
    with refused("INVALID_ARGUMENT", "UPLOAD_STREAM_INVALID"):
        client.open_upload().send(chunk_request(b"abc")).result()


def test_message_with_neither(server, client, user):
    with refused("INVALID_ARGUMENT", "UPLOAD_STREAM_INVALID"):
        client.open_upload().send(messages.UploadDocumentRequest()).result()
    stream = client.open_upload().send(metadata_request(user, "a.txt", 10), chunk_request(b"abc"),
                                       messages.UploadDocumentRequest())
    with refused("INVALID_ARGUMENT", "UPLOAD_STREAM_INVALID"):
        stream.result()
    assert_given_back(server, client, user)


def test_metadata_only(server, client, user):
    with refused("INVALID_ARGUMENT", "SIZE_MISMATCH"):
        client.open_upload().send(metadata_request(user, "a.txt", 10)).close().result()
    assert_given_back(server, client, user)


def test_unknown_fields_are_ignored(client, user):
    frame = metadata_frame(user.encode(), b"general", b"a.txt", TXT.encode(), 3)
    stream = client.open_upload(raw=True).send(
        frame + field_bytes(4711, b"from a newer client"),
        chunk_frame(b"abc") + field_varint(99, 1))
    answer = stream.close().result()
    assert client.download(user, answer.document_id).data == b"abc"


# --- bytes that are no message

GARBAGE = {
    "noise": b"\xff\xfe\xfd\xfc" * 8, "length beyond the end": b"\x12\x7fabc",
    "bad wire type": b"\x0f\x01", "field number zero": b"\x02\x01x", "endless varint": b"\xff" * 12,
    "group end": b"\x0c", "nested garbage": field_bytes(1, b"\xff\xff\xff"),
    "text that is not UTF-8": metadata_frame(b"u", b"c", b"a\xff.txt", b"text/plain", 3),
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage_instead_of_metadata(client, garbage):
    stream = client.open_upload(raw=True).send(garbage)
    with pytest.raises(Failure) as caught:
        stream.result()
    caught.value.assert_well_formed()
    assert caught.value.code == "INVALID_ARGUMENT"


@pytest.mark.parametrize("sent", [0, 3, 10], ids=["no byte", "some bytes", "all bytes"])
@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage_is_no_end_of_stream(server, client, user, garbage, sent):
    """Even after the last byte a garbage frame must not pass for a normal end."""
    frames = [metadata_frame(user.encode(), b"general", b"a.txt", TXT.encode(), 10)]
    if sent:
        frames.append(chunk_frame(b"x" * sent))
    stream = client.open_upload(raw=True).send(*frames, garbage).close()
    with pytest.raises(Failure) as caught:
        stream.result(seconds=5)
    assert caught.value.code != "OK"
    assert_given_back(server, client, user)


def test_frame_above_the_limit(server, client, user):
    stream = client.open_upload().send(metadata_request(user, "a.txt", 5 * MEBIBYTE),
                                       chunk_request(b"x" * (4 * MEBIBYTE + 1)))
    with pytest.raises(Failure) as caught:
        stream.result(seconds=5)
    assert caught.value.code in ("RESOURCE_EXHAUSTED", "INVALID_ARGUMENT")
    assert_given_back(server, client, user)


def test_frame_above_the_limit_after_all_bytes(server, client, user):
    stream = client.open_upload().send(metadata_request(user, "a.txt", 10),
                                       chunk_request(b"x" * 10),
                                       chunk_request(b"x" * (4 * MEBIBYTE + 1))).close()
    with pytest.raises(Failure):
        stream.result(seconds=5)
    assert_given_back(server, client, user)


CUT_TAILS = {"cut header": b"\x00\x00\x00", "cut message": message(b"abc", length=1000),
             "4 GiB": struct.pack(">BI", 0, 0xFFFFFFFF)}
BAD_TAILS = {"compressed without an encoding": message(chunk_frame(b"abc"), compressed=1),
             "bad flag": message(chunk_frame(b"abc"), compressed=7)}


def status_after(server, user, sent, tail) -> str:
    """The grpc-status of an upload of 10 bytes that ends with `tail` behind `sent` bytes."""
    head = message(metadata_frame(user.encode(), b"general", b"a.txt", TXT.encode(), 10))
    if sent:
        head += message(chunk_frame(b"x" * sent))
    with Http2(server.address) as raw:
        stream = raw.open(SERVICE + "UploadDocument")
        raw.send(stream, head)
        raw.send(stream, tail, end=True)
        raw.wait(lambda: raw.ended, 5, "an answer")
        return raw.headers.get("grpc-status")


@pytest.mark.parametrize("tail", [*CUT_TAILS, *BAD_TAILS])
def test_broken_framing(server, client, user, tail):
    assert status_after(server, user, 0, {**CUT_TAILS, **BAD_TAILS}[tail]) != "0"
    assert_given_back(server, client, user)


def assert_stands_whole(client, user) -> None:
    """gRPC takes such a tail for the plain end of the stream; every byte declared came."""
    (document,) = client.list_all(user)
    assert client.download(user, document.document_id).data == b"x" * 10


def test_compressed_message_behind_all_bytes(server, client, user):
    assert status_after(server, user, 10, BAD_TAILS["compressed without an encoding"]) != "0"
    assert_given_back(server, client, user)


def test_bad_flag_behind_all_bytes(server, client, user):
    """To gRPC it is an empty message, or, where the stream's end is there already, only that."""
    if status_after(server, user, 10, BAD_TAILS["bad flag"]) == "0":
        assert_stands_whole(client, user)
    else:
        assert_given_back(server, client, user)


@pytest.mark.parametrize("tail", CUT_TAILS)
def test_message_cut_short_behind_all_bytes(server, client, user, tail):
    assert status_after(server, user, 10, CUT_TAILS[tail]) == "0"
    assert_stands_whole(client, user)


def test_connection_that_speaks_something_else(server, client, user):
    host, port = server.address.split(":")
    for greeting in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00", b"\0" * 1000,
                     b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 100):
        with socket.create_connection((host, int(port)), timeout=5) as raw:
            raw.sendall(greeting)
            raw.shutdown(socket.SHUT_WR)
            while raw.recv(4096):
                pass
    assert client.upload(user, "a.txt", b"abc").size == 3


# --- peers that stall

def test_stalled_upload_is_cut(server, client, user):
    stream = client.hold_upload(server.store, user)
    with refused("DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED"):
        stream.result(seconds=IDLE_SECONDS + 3)
    assert_given_back(server, client, user)


def test_upload_without_metadata_is_cut(client):
    with refused("DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED"):
        client.open_upload().result(seconds=IDLE_SECONDS + 3)


def test_upload_that_never_ends_its_stream_is_cut(server, client, user):
    stream = client.hold_upload(server.store, user, data=b"0123456789")
    with refused("DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED"):
        stream.result(seconds=IDLE_SECONDS + 3)
    assert_given_back(server, client, user)


def test_empty_chunks_are_no_progress(server, client, user):
    """A peer that sends nothing but empty chunks is a stalled peer."""
    stream = client.hold_upload(server.store, user)
    deadline_passed = []

    def poke():
        stream.send(chunk_request(b""))
        if stream.done():
            deadline_passed.append(True)
        return deadline_passed
    wait_until(poke, IDLE_SECONDS + 5, "the idle upload is cut")
    with refused("DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED"):
        stream.result()
    assert_given_back(server, client, user)


def test_slow_upload_that_goes_on_is_not_cut(server, client, user):
    """Twice the idle time in all, but never idle that long."""
    stream = client.hold_upload(server.store, user, size=40, data=b"x")
    begin, sent = time.monotonic(), 1

    def step():
        nonlocal sent
        due = 1 + int((time.monotonic() - begin) / (2 * IDLE_SECONDS) * 39)
        if due > sent and sent < 40:
            stream.send(chunk_request(b"x"))
            sent += 1
        return sent == 40
    wait_until(step, 3 * IDLE_SECONDS, "all bytes are sent")
    assert stream.close().result().size == 40


def test_many_stalled_uploads_do_not_hinder_others(new_server, connect, user):
    # All have to be stalled at one time, also where it takes seconds to begin so many.
    server = new_server(STREAM_IDLE_TIMEOUT_SECONDS=LONG_IDLE_SECONDS).start()
    client = connect(server)
    streams = [client.open_upload().send(metadata_request(user, f"{number}.txt", 10),
                                         chunk_request(b"abc")) for number in range(100)]
    wait_until(lambda: server.store.pending_rows(user) == 100, LONG_IDLE_SECONDS,
               "all are reserved")
    # Before the first of them is cut.
    assert client.upload(user + "-other", "a.txt", text_of_size(MEBIBYTE),
                         timeout=LONG_IDLE_SECONDS / 2).size
    for stream in streams:
        with refused("DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED"):
            stream.result(seconds=LONG_IDLE_SECONDS + 20)
    assert_given_back(server, client, user)


# --- peers that go

def test_cancelled_upload_gives_everything_back(server, client, user):
    staged = server.store.object_count()
    client.hold_upload(server.store, user, size=2 * MEBIBYTE, data=b"x" * MEBIBYTE).cancel()
    wait_until(lambda: server.store.object_count() == staged, 5, "the staged bytes are removed")
    assert_given_back(server, client, user)


def test_cancel_after_the_last_byte(server, client, user):
    """Whatever wins, the usage is the list's."""
    for number in range(30):
        stream = client.open_upload().send(metadata_request(user, f"{number}.txt", 3),
                                           chunk_request(b"abc")).close()
        stream.cancel()
    wait_until(lambda: server.store.pending_rows(user) == 0, 5, "every upload is settled")
    listed = client.list_all(user)
    assert client.used(user) == (len(listed), 3 * len(listed))
    for document in listed:
        assert client.download(user, document.document_id).data == b"abc"


def test_deadline_of_the_client(server, client, user):
    stream = client.open_upload(timeout=0.5).send(metadata_request(user, "a.txt", 10),
                                                  chunk_request(b"abc"))
    with pytest.raises(Failure) as caught:
        stream.result(seconds=5)
    assert caught.value.code == "DEADLINE_EXCEEDED"
    assert_given_back(server, client, user)


@pytest.mark.parametrize("vanish", [Http2.close, Http2.reset_hard], ids=["FIN", "RST"])
@pytest.mark.parametrize("sent", [4, 10], ids=["some bytes", "all bytes"])
def test_disconnect(server, client, user, vanish, sent):
    raw = Http2(server.address)
    stream = raw.open(SERVICE + "UploadDocument")
    raw.send(stream, message(metadata_frame(user.encode(), b"general", b"a.txt", TXT.encode(), 10))
             + message(chunk_frame(b"x" * sent)))
    wait_until(lambda: server.store.pending_rows(user) == 1, 5, "the name is reserved")
    vanish(raw)
    assert_given_back(server, client, user)


def test_descriptors_and_threads_do_not_grow(server, client, user):
    def churn():
        for number in range(30):
            client.hold_upload(server.store, user, f"{number}.txt").cancel()
        wait_until(lambda: server.store.pending_rows(user) == 0, 5, "all are given back")
    churn()
    descriptors, threads = server.descriptor_count(), server.thread_count()
    for _ in range(3):
        churn()
    wait_until(lambda: server.descriptor_count() <= descriptors + 5, 5, "descriptors are closed")
    assert server.thread_count() <= threads + 2
