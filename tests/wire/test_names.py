"""Names are kept byte for byte, or refused; nothing in between, and links work for all of them."""

import re
import urllib.parse

import pytest
import requests

from harness.client import Client
from harness.documents import TXT, mime_type_of, real_document, text_of_size
from harness.failures import Failure, refused
from harness.names import (DOTS_AND_SPACES, FILENAME_BYTES_MAX, IDENTIFIER_BYTES_MAX, KEPT, REFUSED,
                           hostile, ordinary)
from harness.wire_format import metadata_frame

CONTENT = text_of_size(100)
HOSTILE_REFUSED = [name for name in hostile() if name.verdict == REFUSED]
HOSTILE_KEPT = [name for name in hostile() if name.verdict == KEPT]


def is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def assert_kept(client: Client, user: str, filename: str, data: bytes) -> None:
    """Upload, list, download, link and delete all know the document by exactly this name."""
    stored = client.store(user, filename, data)
    assert stored.path.split("/")[-1] == filename
    assert [document.filename for document in client.list(user).documents] == [filename]
    downloaded = client.download(user, stored.document_id)
    assert downloaded.info.filename == filename
    assert downloaded.data == data
    link = client.url(user, stored.document_id)
    assert link.document_info.filename == filename
    answer = requests.get(link.presigned_url, timeout=10)
    assert (answer.status_code, answer.content) == (200, data)
    assert attachment_name(answer.headers["Content-Disposition"]) == filename
    assert client.delete(user, stored.document_id).success
    assert client.used(user) == (0, 0)


def attachment_name(disposition: str) -> str:
    """The name in RFC 8187's filename*, of a header that is plain ASCII."""
    assert disposition.isascii()
    assert disposition.startswith("attachment")
    encoded = re.search(r"filename\*=UTF-8''([A-Za-z0-9!#$&+.^_`|~%-]*)(;|$)", disposition)
    assert encoded, disposition
    return urllib.parse.unquote(encoded.group(1), errors="strict")


def test_the_lists_are_as_long_as_promised():
    assert len({name.raw for name in hostile()}) >= 150
    assert len({name.raw for name in ordinary()}) >= 40


@pytest.mark.parametrize("name", HOSTILE_REFUSED, ids=str)
def test_hostile_name_is_refused(client, user, name):
    stream = client.open_upload(raw=True)
    stream.send(metadata_frame(user.encode(), b"general", name.raw, TXT.encode(), len(CONTENT)))
    with pytest.raises(Failure) as caught:
        stream.result(seconds=5)
    failure = caught.value
    failure.assert_well_formed()
    assert failure.code == "INVALID_ARGUMENT"
    if is_utf8(name.raw):
        assert failure.reason == "INVALID_FIELD"
        assert "filename" in failure.fields
    else:  # the message cannot be parsed, so what is wrong is the stream
        assert failure.reason in ("INVALID_FIELD", "UPLOAD_STREAM_INVALID")
    assert client.used(user) == (0, 0)


@pytest.mark.parametrize("name", HOSTILE_KEPT, ids=str)
def test_hostile_name_is_kept(client, user, name):
    assert_kept(client, user, name.text, CONTENT)


@pytest.mark.parametrize("name", ordinary(), ids=str)
def test_ordinary_name_is_kept(client, user, name):
    extension = name.text.rsplit(".", 1)[-1].lower()
    assert_kept(client, user, name.text, real_document(extension))


BAD_IDENTIFIERS = [
    "", ".", "..", "a/b", "a\\b", "a\0b", "a\nb", "a\x7fb", "a\x85b", "a\u202eb", "a\u2066b",
    "x" * (IDENTIFIER_BYTES_MAX + 1), "é" * 65,
]
GOOD_IDENTIFIERS = [
    "alice", "ALICE", "alice ", " alice", "a", "x" * IDENTIFIER_BYTES_MAX, "é" * 64, "数学", "🙂",
    "o'brien", "a%b", "a+b", "a#b", "a b", "100%", "_", "...", "user@example.com", "'; --",
    *DOTS_AND_SPACES, "a\ufffeb", "a\uffffb",
]


@pytest.mark.parametrize("field", ["user_id", "category"])
@pytest.mark.parametrize("value", BAD_IDENTIFIERS, ids=ascii)
def test_bad_identifier_is_refused(client, user, field, value):
    names = {"user_id": user, "category": "general", field: value}
    with refused("INVALID_ARGUMENT", "INVALID_FIELD") as refusal:
        client.upload(names["user_id"], "a.txt", CONTENT, category=names["category"])
    assert refusal.fields == [field]


@pytest.mark.parametrize("value", BAD_IDENTIFIERS, ids=ascii)
def test_every_call_refuses_a_bad_user(client, value):
    calls = [
        lambda: client.list(value), lambda: client.usage(value),
        lambda: client.download(value, "x"), lambda: client.delete(value, "x"),
        lambda: client.url(value, "x"),
    ]
    for call in calls:
        with refused("INVALID_ARGUMENT", "INVALID_FIELD") as refusal:
            call()
        assert refusal.fields == ["user_id"]


@pytest.mark.parametrize("category", GOOD_IDENTIFIERS, ids=ascii)
def test_category_is_kept(client, user, category):
    stored = client.store(user, "a.txt", CONTENT, category=category)
    assert stored.path.split("/")[2] == category
    listed = client.list(user, category=category).documents
    assert [document.category for document in listed] == [category]
    assert client.download(user, stored.document_id).data == CONTENT
    link = client.url(user, stored.document_id)
    assert requests.get(link.presigned_url, timeout=10).content == CONTENT


@pytest.mark.parametrize("value", DOTS_AND_SPACES, ids=ascii)
def test_names_of_dots_and_spaces_serve_as_any_other(client, user, value):
    category = user  # so that no other test has a document of this name
    assert_kept(client, value, f"{user}.txt", CONTENT)
    stored = client.store(value, f"{user}.txt", CONTENT, category=category)
    assert stored.path.split("/")[1] == value
    with refused("ALREADY_EXISTS", "DOCUMENT_ALREADY_EXISTS") as refusal:
        client.upload(value, f"{user}.txt", CONTENT, category=category)
    assert refusal.resource_info.resource_name == stored.document_id
    assert client.delete(value, stored.document_id).success


def test_users_are_told_apart_byte_for_byte(client):
    sizes = {user_id: 50 + number for number, user_id in enumerate(GOOD_IDENTIFIERS)}
    for user_id, size in sizes.items():
        client.upload(user_id, "same.txt", text_of_size(size, user_id))
    for user_id, size in sizes.items():
        assert client.used(user_id) == (1, size)
        documents = client.list(user_id).documents
        assert len(documents) == 1
        downloaded = client.download(user_id, documents[0].document_id)
        assert downloaded.data == text_of_size(size, user_id)


def test_names_are_told_apart_byte_for_byte(client, user):
    names = ["a.txt", "A.txt", "a.TXT", "a .txt", " a.txt", "e\u0301.txt", "\u00e9.txt", "ß.txt",
             "ss.txt", "ı.txt", "i.txt", "ａ.txt"]
    for number, name in enumerate(names):
        client.upload(user, name, text_of_size(60, number))
    listed = {document.filename: document.document_id for document in client.list(user).documents}
    assert sorted(listed) == sorted(names)
    for number, name in enumerate(names):
        assert client.download(user, listed[name]).data == text_of_size(60, number)


def test_categories_are_filtered_byte_for_byte(client, user):
    categories = ["math", "MATH", "math ", "mat_", "%", "mäth"]
    for category in categories:
        client.upload(user, "a.txt", CONTENT, category=category)
    for category in categories:
        page = client.list(user, category=category)
        assert [document.category for document in page.documents] == [category]
        assert page.total_count == 1


def test_limits_are_counted_in_bytes(client, user):
    longest = "a" * (FILENAME_BYTES_MAX - 4) + ".txt"
    stored = client.store(user, longest, CONTENT)
    assert client.download(user, stored.document_id).info.filename == longest
    with refused("INVALID_ARGUMENT", "INVALID_FIELD") as refusal:
        client.upload(user, "a" + longest, CONTENT)
    assert refusal.fields == ["filename"]
    assert len(refusal.validation_errors[0].rejected_value.encode()) <= 128


def test_type_of_every_ordinary_name_is_listed_as_declared(client, user):
    for name in ordinary():
        extension = name.text.rsplit(".", 1)[-1].lower()
        client.upload(user, name.text, real_document(extension))
    for document in client.list_all(user):
        assert document.mime_type == mime_type_of(document.filename)
