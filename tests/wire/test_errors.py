"""The error table of the contract, row by row, and the moment at which each refusal comes."""

import pytest
from google.rpc import error_details_pb2

from harness.cli import administer
from harness.client import chunk_request, metadata_request
from harness.documents import FILE_BYTES_MAX, PDF, TXT, text_of_size
from harness.failures import refused
from harness.protocol import messages
from harness.waiting import wait_until

pytestmark = pytest.mark.short
SERVER_SETTINGS = {"MAX_CONCURRENT_UPLOADS": 8}
DAMAGES_STORE = True
UNKNOWN_ID = "6c1d3f9e-25b8-4f3b-9d0a-0d3c5a1b7e42"
# A refusal that waited for the client's file would never come: the stream stays open.
REFUSAL_SECONDS = 3


def early_refusal(client, code, reason, **metadata):
    """The failure that metadata alone causes, while the client's stream is still open."""
    stream = client.open_upload().send(metadata_request(**metadata))
    with refused(code, reason) as refusal:
        stream.result(seconds=REFUSAL_SECONDS)
    return refusal.failure


@pytest.mark.parametrize("field, value", [
    ("user_id", ""), ("category", ""), ("filename", ""), ("mime_type", ""), ("size", 0),
    ("size", -1), ("size", -(1 << 63)), ("user_id", "a/b"), ("category", ".."), ("filename", "."),
    ("filename", "a" * 300 + ".txt")])
def test_bad_field_of_an_upload(client, user, field, value):
    metadata = {"user_id": user, "category": "general", "filename": "a.txt", "mime_type": TXT,
                "size": 10, field: value}
    failure = early_refusal(client, "INVALID_ARGUMENT", "INVALID_FIELD", **metadata)
    assert failure.fields == [field]
    assert failure.validation_errors[0].message
    assert str(value).startswith(failure.validation_errors[0].rejected_value)


def test_every_bad_field_is_named(client):
    failure = early_refusal(client, "INVALID_ARGUMENT", "INVALID_FIELD", user_id="", category="",
                            filename="", mime_type="", size=0)
    assert sorted(failure.fields) == ["category", "filename", "mime_type", "size", "user_id"]


def test_missing_document_id(client, user):
    for call in (client.download, client.delete, client.url):
        with refused("INVALID_ARGUMENT", "INVALID_FIELD") as refusal:
            call(user, "")
        assert refusal.fields == ["document_id"]


@pytest.mark.parametrize("page_size", [-1, -(1 << 31)])
def test_negative_page_size(client, user, page_size):
    with refused("INVALID_ARGUMENT", "INVALID_FIELD") as refusal:
        client.list(user, page_size=page_size)
    assert refusal.fields == ["page_size"]


@pytest.mark.parametrize("date", ["", "2026-13-01", "2026-02-30", "23.11.2026", "2026-1-1",
                                  "2026-11-23T00:00:00Z", "today", "2026-11-23 ", "99999-01-01"])
def test_bad_date_filter(client, user, date):
    with refused("INVALID_ARGUMENT", "INVALID_FIELD") as refusal:
        client.list(user, date_filter=date)
    assert refusal.fields == ["date_filter"]


def test_negative_offset(client, user):
    stored = client.store(user, "a.txt", b"abc")
    for offset in (-1, -(1 << 63)):
        with refused("INVALID_ARGUMENT", "INVALID_FIELD") as refusal:
            client.download(user, stored.document_id, offset=offset)
        assert refusal.fields == ["offset"]


@pytest.mark.parametrize("minutes", [0, -1, 10081, 1 << 30, -(1 << 31)])
def test_bad_expiry(client, user, minutes):
    stored = client.store(user, "a.txt", b"abc")
    with refused("INVALID_ARGUMENT", "INVALID_FIELD") as refusal:
        client.url(user, stored.document_id, expiry_minutes=minutes)
    assert refusal.fields == ["expiry_minutes"]


def test_stream_that_begins_with_a_chunk(client):
    stream = client.open_upload().send(chunk_request(b"abc"))
    with refused("INVALID_ARGUMENT", "UPLOAD_STREAM_INVALID") as refusal:
        stream.result(seconds=REFUSAL_SECONDS)
    assert refusal.fields


def test_type_not_allowed(client, user):
    failure = early_refusal(client, "INVALID_ARGUMENT", "FILE_TYPE_NOT_ALLOWED", user_id=user,
                            filename="a.exe", mime_type="application/x-msdownload", size=10)
    assert failure.fields


def test_content_mismatch(client, user):
    with refused("INVALID_ARGUMENT", "CONTENT_MISMATCH") as refusal:
        client.upload(user, "a.pdf", b"text", mime_type=PDF)
    assert refusal.fields


@pytest.mark.parametrize("size", [FILE_BYTES_MAX + 1, 1 << 40, (1 << 63) - 1])
def test_too_large(client, user, size):
    failure = early_refusal(client, "INVALID_ARGUMENT", "FILE_TOO_LARGE", user_id=user,
                            filename="a.pdf", size=size)
    assert failure.fields == ["size"]


@pytest.mark.parametrize("sent", [0, 1, 9])
def test_fewer_bytes_than_declared(client, user, sent):
    with refused("INVALID_ARGUMENT", "SIZE_MISMATCH") as refusal:
        client.upload(user, "a.txt", text_of_size(sent), size=10)
    assert refusal.fields == ["size"]
    assert client.used(user) == (0, 0)
    assert client.upload(user, "a.txt", text_of_size(10)).size == 10


def test_surplus_byte_is_refused_at_once(client, user):
    stream = client.open_upload()
    stream.send(metadata_request(user, "a.txt", 10), chunk_request(b"0" * 11))
    with refused("INVALID_ARGUMENT", "SIZE_MISMATCH") as refusal:
        stream.result(seconds=REFUSAL_SECONDS)
    assert refusal.fields == ["size"]
    assert client.upload(user, "a.txt", text_of_size(10)).size == 10


@pytest.mark.parametrize("token", ["x", "AAAA", "!!!", "ä", "a" * 5000, "eyJhIjoxfQ=="])
def test_bad_page_token(client, user, token):
    with refused("INVALID_ARGUMENT", "PAGE_TOKEN_INVALID") as refusal:
        client.list(user, page_token=token)
    assert refusal.fields == ["page_token"]


def test_offset_past_the_end(client, user):
    stored = client.store(user, "a.txt", b"abc")
    for offset in (4, (1 << 63) - 1):
        with refused("OUT_OF_RANGE", "OFFSET_OUT_OF_RANGE") as refusal:
            client.download(user, stored.document_id, offset=offset)
        assert refusal.fields == ["offset"]


def test_over_quota(client, server, user):
    assert administer(server, "quota", "set", user, "1000").exit_code == 0
    client.upload(user, "a.txt", text_of_size(600))
    failure = early_refusal(client, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", user_id=user,
                            filename="b.txt", size=401)
    assert [v.subject for v in failure.quota_failure.violations] == [f"user:{user}"]
    assert failure.retry_info is None
    numbers = {key: failure.metadata[key] for key in ("limit", "used", "requested")}
    assert numbers == {"limit": "1000", "used": "600", "requested": "401"}


def assert_not_found(call, document_id):
    with refused("NOT_FOUND", "DOCUMENT_NOT_FOUND") as refusal:
        call()
    assert refusal.resource_info.resource_name == document_id


@pytest.mark.parametrize("document_id", [
    UNKNOWN_ID, UNKNOWN_ID.upper(), "x", "0", "' OR 1=1 --", "../../etc/passwd", "%", "a" * 100])
def test_unknown_document(client, user, document_id):
    client.upload(user, "a.txt", b"abc")
    for call in (client.download, client.delete, client.url):
        assert_not_found(lambda call=call: call(user, document_id), document_id)
    assert client.used(user) == (1, 3)


def test_id_is_compared_byte_for_byte(client, user):
    document_id = client.upload(user, "a.txt", b"abc").document_id
    for other in (document_id.upper(), document_id + " ", document_id.replace("-", ""),
                  "{" + document_id + "}"):
        if other != document_id:
            assert_not_found(lambda other=other: client.download(user, other), other)


def test_long_id_is_echoed_cut(client, user):
    with refused("NOT_FOUND", "DOCUMENT_NOT_FOUND") as refusal:
        client.download(user, "é" * 3000)
    name = refusal.resource_info.resource_name
    assert name and ("é" * 3000).startswith(name) and len(name.encode()) <= 128


def test_another_users_document(client, user):
    stored = client.store(user, "a.txt", b"abc")
    for call in (client.download, client.delete, client.url):
        with refused("PERMISSION_DENIED", "PERMISSION_DENIED") as refusal:
            call(user + "-other", stored.document_id)
        assert refusal.resource_info.resource_name == stored.document_id
        assert "a.txt" not in refusal.message and user + " " not in refusal.message
    assert client.download(user, stored.document_id).data == b"abc"


def test_pending_document_does_not_exist_yet(client, server, user):
    holder = client.hold_upload(server.store, user)
    with refused("ALREADY_EXISTS", "DOCUMENT_ALREADY_EXISTS") as rival:
        client.upload(user, "a.txt", b"rival")
    document_id = rival.resource_info.resource_name
    for call in (client.download, client.delete, client.url):
        assert_not_found(lambda call=call: call(user, document_id), document_id)
        assert_not_found(lambda call=call: call(user + "-other", document_id), document_id)
    assert client.list(user).total_count == 0
    assert client.used(user) == (0, 0)
    holder.cancel()


def test_name_taken(client, user):
    stored = client.store(user, "a.txt", b"abc")
    failure = early_refusal(client, "ALREADY_EXISTS", "DOCUMENT_ALREADY_EXISTS", user_id=user,
                            filename="a.txt", size=10)
    assert failure.resource_info.resource_name == stored.document_id
    assert failure.retry_info is None


def test_stored_bytes_wrong(client, server, user):
    stored = client.store(user, "a.txt", text_of_size(5000, user))
    server.store.corrupt_object(stored)
    with refused("DATA_LOSS", "CHECKSUM_MISMATCH") as refusal:
        client.download(user, stored.document_id)
    assert refusal.resource_info.resource_name == stored.document_id


def test_too_many_uploads(client, server, user):
    holders = [client.hold_upload(server.store, user, f"{number}.txt") for number in range(8)]
    failure = early_refusal(client, "UNAVAILABLE", "SERVER_BUSY", user_id=user,
                            filename="one-more.txt", size=3)
    assert failure.retry_info is not None
    holders[0].send(chunk_request(b"defghij")).close()
    assert holders[0].result().size == 10
    assert client.upload(user, "one-more.txt", b"abc").size == 3
    for holder in holders:
        holder.cancel()
    wait_until(lambda: server.store.pending_rows(user) == 0, 5, "cancelled uploads are gone")


@pytest.mark.parametrize("better, worse", [
    ("INVALID_FIELD", {"category": ""}), ("FILE_TYPE_NOT_ALLOWED", {"mime_type": "image/png"}),
    ("FILE_TOO_LARGE", {"size": FILE_BYTES_MAX + 1}), ("DOCUMENT_ALREADY_EXISTS", {"size": 2000})])
def test_order_of_checks(client, server, user, better, worse):
    """Fields, type, size, duplicate, quota: everything that comes later is wrong as well."""
    administer(server, "quota", "set", user, "1000")
    client.upload(user, "a.txt", text_of_size(100))
    cases = [{"category": ""}, {"mime_type": "image/png"}, {"size": FILE_BYTES_MAX + 1},
             {"size": 2000}]
    metadata = {"user_id": user, "filename": "a.txt", "size": 2000}
    for case in reversed(cases[cases.index(worse):]):
        metadata |= case
    code = "ALREADY_EXISTS" if better == "DOCUMENT_ALREADY_EXISTS" else "INVALID_ARGUMENT"
    early_refusal(client, code, better, **metadata)


def test_longest_values_stay_small(client):
    """Every echoed value at its worst: the whole status is still below 4 KiB."""
    long = "é" * 20000
    failure = early_refusal(client, "INVALID_ARGUMENT", "INVALID_FIELD", user_id=long,
                            category=long, filename=long, mime_type=long, size=-(1 << 63))
    assert len(failure.validation_errors) >= 4
    for error in failure.validation_errors:
        assert len(error.rejected_value.encode()) <= 128


def test_details_are_only_the_known_kinds(client, user):
    with refused("NOT_FOUND", "DOCUMENT_NOT_FOUND") as refusal:
        client.download(user, UNKNOWN_ID)
    kinds = [packed.TypeName() for packed in refusal.failure.status.details]
    assert sorted(kinds) == sorted([
        error_details_pb2.ErrorInfo.DESCRIPTOR.full_name,
        messages.ErrorDetails.DESCRIPTOR.full_name,
        error_details_pb2.ResourceInfo.DESCRIPTOR.full_name])
