"""What an upload stores, answers and charges when nothing goes wrong."""

import datetime
import re
import uuid

import pytest

from harness.client import Client, chunk_request, metadata_request
from harness.documents import (DOC, DOCX, FILE_BYTES_MAX, MEBIBYTE, PDF, TXT, XLSX, pdf_of_size,
                               real_document, text_of_size)
from harness.failures import refused

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def utc_days_around(call):
    """The result of `call`, and the UTC days on which it may have run."""
    before = datetime.datetime.now(datetime.timezone.utc).date()
    result = call()
    after = datetime.datetime.now(datetime.timezone.utc).date()
    return result, {before.isoformat(), after.isoformat()}


@pytest.mark.parametrize("extension, mime_type", [
    ("pdf", PDF), ("docx", DOCX), ("xlsx", XLSX), ("txt", TXT), ("doc", DOC)])
def test_real_document_comes_back(client, user, extension, mime_type):
    data = real_document(extension)
    answer = client.upload(user, f"real.{extension}", data, mime_type=mime_type)
    downloaded = client.download(user, answer.document_id)
    assert downloaded.data == data
    assert downloaded.info.mime_type == mime_type
    assert downloaded.info.size == len(data)


def test_answer_names_the_document(client, user):
    data = text_of_size(1234)
    answer, days = utc_days_around(lambda: client.upload(user, "a b.txt", data, category="ho me"))
    assert str(uuid.UUID(answer.document_id)) == answer.document_id
    assert answer.path in {f"documents/{user}/ho me/{day}/a b.txt" for day in days}
    assert answer.size == len(data)
    assert answer.status == "COMPLETED"
    assert answer.message


def test_list_shows_what_was_stored(client, user):
    data = text_of_size(77)
    answer, days = utc_days_around(lambda: client.upload(user, "a.txt", data, category="notes"))
    page = client.list(user)
    assert page.total_count == 1 and not page.next_page_token
    (document,) = page.documents
    assert document.document_id == answer.document_id
    assert (document.filename, document.category) == ("a.txt", "notes")
    assert (document.size, document.mime_type, document.status) == (77, TXT, "COMPLETED")
    assert TIME.fullmatch(document.created_at) and TIME.fullmatch(document.updated_at)
    assert document.created_at[:10] in days
    assert answer.path.split("/")[3] == document.created_at[:10]
    assert document.updated_at >= document.created_at
    assert client.download(user, answer.document_id).info.created_at == document.created_at


def test_usage_counts_every_document(client, user):
    for number, size in enumerate((1, 100, 4096), start=1):
        client.upload(user, f"{number}.txt", text_of_size(size))
    usage = client.usage(user)
    assert (usage.usage.user_id, usage.usage.file_count) == (user, 3)
    assert usage.usage.total_bytes == usage.quota.quota_used == 4197
    assert usage.quota.quota_limit == 1 << 30
    assert usage.quota.quota_remaining == (1 << 30) - 4197
    assert usage.quota.quota_percentage == pytest.approx(100 * 4197 / (1 << 30))
    assert TIME.fullmatch(usage.usage.last_updated)


def test_user_without_documents_has_zeros(client, user):
    usage = client.usage(user)
    assert (usage.usage.user_id, usage.usage.file_count, usage.usage.total_bytes) == (user, 0, 0)
    assert usage.usage.last_updated == ""
    assert (usage.quota.quota_used, usage.quota.quota_percentage) == (0, 0)
    assert usage.quota.quota_remaining == usage.quota.quota_limit == 1 << 30


def test_unknown_user_has_an_empty_list(client, user):
    page = client.list(user)
    assert (list(page.documents), page.total_count, page.next_page_token) == ([], 0, "")


def test_largest_document_goes_round(client, user):
    data = pdf_of_size(FILE_BYTES_MAX, user)
    stored = client.store(user, "largest.pdf", data)
    assert client.download(user, stored.document_id).data == data
    assert client.used(user) == (1, FILE_BYTES_MAX)
    client.delete(user, stored.document_id)


def test_one_byte_more_is_refused(client, user):
    with refused("INVALID_ARGUMENT", "FILE_TOO_LARGE"):
        client.upload(user, "larger.pdf", b"", size=FILE_BYTES_MAX + 1)
    assert client.used(user) == (0, 0)


def test_smallest_document_goes_round(client, user):
    stored = client.store(user, "a.txt", b"x")
    assert client.download(user, stored.document_id).data == b"x"


@pytest.mark.parametrize("chunk_bytes", [1, 7, 4095, 65536, 1 << 20, (4 << 20) - 16])
def test_chunks_of_any_size(client, user, chunk_bytes):
    size = min(chunk_bytes * 2000 + 1, 9 * MEBIBYTE)
    stored = client.upload(user, "a.txt", text_of_size(size), chunk_bytes=chunk_bytes)
    assert client.download(user, stored.document_id).data == text_of_size(size)


def test_empty_chunks_are_ignored(client, user):
    stream = client.open_upload()
    stream.send(metadata_request(user, "a.txt", 6), chunk_request(b""), chunk_request(b"abc"),
                chunk_request(b""), chunk_request(b""), chunk_request(b"def"), chunk_request(b""))
    answer = stream.close().result()
    assert client.download(user, answer.document_id).data == b"abcdef"


@pytest.mark.parametrize("declared", [
    "TEXT/PLAIN", "text/plain; charset=utf-8", "Text/Plain;charset=\"utf-8\"; format=flowed",
    "text/plain ; charset=us-ascii"])
def test_type_is_read_without_case_and_parameters(client, user, declared):
    answer = client.upload(user, "a.txt", b"abc", mime_type=declared)
    assert client.download(user, answer.document_id).info.mime_type == TXT
    assert client.list(user).documents[0].mime_type == TXT


@pytest.mark.parametrize("filename", ["a.PDF", "a.Pdf", "A.B.pDf"])
def test_extension_is_read_without_case(client, user, filename):
    answer = client.upload(user, filename, real_document("pdf"), mime_type=PDF)
    assert client.download(user, answer.document_id).info.filename == filename


def test_doc_extension_also_goes_with_docx(client, user):
    data = real_document("docx")
    answer = client.upload(user, "a.doc", data, mime_type=DOCX)
    assert client.download(user, answer.document_id).data == data


def test_same_name_in_another_category_is_another_document(client, user):
    first = client.store(user, "a.txt", b"first", category="one")
    second = client.store(user, "a.txt", b"second", category="two")
    assert first.document_id != second.document_id
    assert client.download(user, first.document_id).data == b"first"
    assert client.download(user, second.document_id).data == b"second"


def test_answers_survive_a_restart(new_server, connect, user):
    server = new_server().start()
    stored = connect(server).store(user, "a.txt", text_of_size(5000, user))
    before = connect(server).list(user)
    assert server.stop() == 0
    server.start()
    assert connect(server).download(user, stored.document_id).data == stored.data
    assert connect(server).list(user) == before
    assert connect(server).used(user) == (1, 5000)


def test_raised_limit_and_other_types(new_server, connect, user):
    server = new_server(STORAGE_MAX_FILE_SIZE="120MB", STORAGE_ALLOWED_EXTENSIONS="TXT,.bin",
                        STORAGE_ALLOWED_MIME_TYPES="text/plain,Application/Octet-Stream").start()
    client = Client(server.address)
    data = pdf_of_size(110 * MEBIBYTE, 1)
    answer = client.upload(user, "big.bin", data, mime_type="application/octet-stream")
    assert client.download(user, answer.document_id).data == data
    with refused("INVALID_ARGUMENT", "FILE_TYPE_NOT_ALLOWED"):
        client.upload(user, "a.pdf", real_document("pdf"), mime_type=PDF)
    with refused("INVALID_ARGUMENT", "FILE_TOO_LARGE"):
        client.upload(user, "a.txt", b"", size=120 * MEBIBYTE + 1)
    client.close()
