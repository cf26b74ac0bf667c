"""Bytes that contradict what was declared are refused and leave nothing."""

import io
import zipfile

import pytest

from harness.documents import DOC, DOCX, PDF, TXT, XLSX, real_document, text_of_size
from harness.failures import refused


def zip_of(*names: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as package:
        for name in names:
            package.writestr(name, "<x/>")
    return stream.getvalue()


CONTRADICTIONS = [
    ("a.pdf", PDF, "text", b"just some text, no portable document"),
    ("a.pdf", PDF, "zip", lambda: real_document("docx")),
    ("a.pdf", PDF, "program", b"\x7fELF" + bytes(2000)),
    ("a.pdf", PDF, "mark after the first 1024 bytes", b"x" * 1024 + b"%PDF-1.7\n"),
    ("a.pdf", PDF, "mark cut by the limit", b"x" * 1020 + b"%PDF-1.7\n"),
    ("a.pdf", PDF, "mark cut short", b"%PDF"),
    ("a.pdf", PDF, "mark in lower case", b"%pdf-1.7\n"),
    ("a.docx", DOCX, "pdf", lambda: real_document("pdf")),
    ("a.docx", DOCX, "OLE2", lambda: real_document("doc")),
    ("a.docx", DOCX, "text", b"PK is how a ZIP begins"),
    ("a.docx", DOCX, "one byte", b"P"),
    ("a.xlsx", XLSX, "text", b"a;b;c\n1;2;3\n"),
    ("a.xlsx", XLSX, "pdf", lambda: real_document("pdf")),
    ("a.doc", DOC, "text", b"Word, it says"),
    ("a.doc", DOC, "zip", lambda: real_document("docx")),
    ("a.doc", DOC, "OLE2 cut short", b"\xd0\xcf\x11\xe0"),
    ("a.doc", DOCX, "OLE2 where a ZIP is declared", lambda: real_document("doc")),
    ("a.txt", TXT, "NUL", b"abc\0def"),
    ("a.txt", TXT, "NUL at the end", b"abcdef\0"),
    ("a.txt", TXT, "UTF-16", "text".encode("utf-16")),
    ("a.txt", TXT, "Latin-1", "café".encode("latin-1")),
    ("a.txt", TXT, "pdf", lambda: real_document("xlsx")),
    ("a.txt", TXT, "sequence cut at the end", "abc é".encode()[:-1]),
    ("a.txt", TXT, "surrogate", b"abc\xed\xa0\x80"),
    ("a.txt", TXT, "overlong", b"abc\xc0\xaf"),
    ("a.txt", TXT, "bad byte far behind", text_of_size(700_000) + b"\xff" + text_of_size(1000)),
    ("a.txt", TXT, "NUL far behind", text_of_size(700_000) + b"\0"),
]


@pytest.mark.parametrize("filename, mime_type, why, data", CONTRADICTIONS,
                         ids=[f"{case[0]} {case[2]}" for case in CONTRADICTIONS])
@pytest.mark.parametrize("chunk_bytes", [3, 262144], ids=["small chunks", "large chunks"])
def test_contradiction_is_refused(client, user, filename, mime_type, why, data, chunk_bytes):
    if callable(data):
        data = data()
    if len(data) > 100_000:
        chunk_bytes = max(chunk_bytes, 4099)
    with refused("INVALID_ARGUMENT", "CONTENT_MISMATCH") as refusal:
        client.upload(user, filename, data, mime_type=mime_type, chunk_bytes=chunk_bytes)
    assert refusal.fields, why
    assert client.used(user) == (0, 0)
    assert client.list(user).total_count == 0


@pytest.mark.parametrize("filename, mime_type, data", [
    ("a.pdf", PDF, b"\n" * 1019 + b"%PDF-1.7\n"),
    ("a.pdf", PDF, b"%PDF-"),
    ("a.txt", TXT, "é漢🙂".encode() * 100_000),
    ("a.txt", TXT, b"\xef\xbb\xbfwith a byte order mark"),
    ("a.txt", TXT, b"\x1b[31mcontrols are text\x07\x7f"),
    ("a.txt", TXT, b"%PDF- as a text"),
], ids=["PDF mark ends at 1024", "PDF mark alone", "split sequences", "BOM", "controls", "text"])
@pytest.mark.parametrize("chunk_bytes", [5, 1021, 262144])
def test_what_does_not_contradict_is_stored(client, user, filename, mime_type, data, chunk_bytes):
    answer = client.upload(user, filename, data, mime_type=mime_type,
                           chunk_bytes=max(chunk_bytes, len(data) // 4000))
    assert client.download(user, answer.document_id).data == data


def test_other_zip_packages_with_office_names(client, user):
    """Only what the bytes contradict is refused: a bare ZIP package is one."""
    data = zip_of("[Content_Types].xml", "word/document.xml")
    answer = client.upload(user, "a.docx", data, mime_type=DOCX)
    assert client.download(user, answer.document_id).data == data


@pytest.mark.parametrize("filename, mime_type", [
    ("a.txt", PDF), ("a.pdf", TXT), ("a.docx", XLSX), ("a.xlsx", DOCX), ("a.doc", PDF),
    ("a.docx", DOC), ("a.txt", DOC)])
def test_extension_must_fit_the_type(client, user, filename, mime_type):
    with refused("INVALID_ARGUMENT", "FILE_TYPE_NOT_ALLOWED") as refusal:
        client.upload(user, filename, b"", mime_type=mime_type, size=10)
    assert set(refusal.fields) <= {"filename", "mime_type"} and refusal.fields


@pytest.mark.parametrize("filename, mime_type", [
    ("a.exe", "application/octet-stream"), ("a.exe", TXT), ("a", TXT), ("a.", TXT),
    ("a.txt.exe", TXT), ("a.html", "text/html"), ("a.txt", "text/html"), ("a.txt", "text/plain2"),
    ("a.txt", "xtext/plain"), ("a.png", "image/png"), ("a.txt ", TXT), ("a.txtx", TXT),
    ("a.txt", "text"), ("a.txt", "text/plain,text/html"), ("txt", TXT)])
def test_type_or_extension_not_allowed(client, user, filename, mime_type):
    with refused("INVALID_ARGUMENT", "FILE_TYPE_NOT_ALLOWED") as refusal:
        client.upload(user, filename, b"", mime_type=mime_type, size=10)
    assert set(refusal.fields) <= {"filename", "mime_type"} and refusal.fields


def test_missing_type_is_a_bad_field(client, user):
    with refused("INVALID_ARGUMENT", "INVALID_FIELD") as refusal:
        client.upload(user, "a.txt", b"", mime_type="", size=10)
    assert refusal.fields == ["mime_type"]


def test_operator_types_are_not_looked_into(new_server, connect, user):
    server = new_server(STORAGE_ALLOWED_MIME_TYPES="text/csv,image/png,text/plain",
                        STORAGE_ALLOWED_EXTENSIONS="csv,png,txt").start()
    client = connect(server)
    for filename, mime_type in (("a.csv", "text/csv"), ("a.png", "image/png")):
        data = b"\0\xff not what it says"
        answer = client.upload(user, filename, data, mime_type=mime_type)
        assert client.download(user, answer.document_id).data == data
    with refused("INVALID_ARGUMENT", "CONTENT_MISMATCH"):
        client.upload(user, "a.txt", b"\0", mime_type=TXT)


def test_refused_content_gives_the_name_back(client, user):
    with refused("INVALID_ARGUMENT", "CONTENT_MISMATCH"):
        client.upload(user, "a.pdf", b"no", mime_type=PDF)
    answer = client.upload(user, "a.pdf", real_document("pdf"), mime_type=PDF)
    assert client.used(user) == (1, answer.size)
