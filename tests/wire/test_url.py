"""Links: anyone can GET them, in parts too, and nobody can make or change one."""

import concurrent.futures
import datetime
import string
import urllib.parse

import grpc
import pytest
import requests

from harness.certificates import Authority
from harness.client import Client
from harness.documents import MEBIBYTE, pdf_of_size, real_document, text_of_size
from harness.failures import refused

SIZE = 100_000


@pytest.fixture(scope="module")
def stored(client):
    return client.store("linker", "Übung (1).pdf", pdf_of_size(SIZE, "link"))


@pytest.fixture(scope="module")
def link(client, stored):
    return client.url("linker", stored.document_id).presigned_url


def get(link, **headers):
    return requests.get(link, headers=headers, timeout=20)


def parsed_time(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def test_answer_describes_the_link(client, stored):
    before = datetime.datetime.now(datetime.timezone.utc)
    answer = client.url("linker", stored.document_id)
    after = datetime.datetime.now(datetime.timezone.utc)
    half_an_hour = datetime.timedelta(minutes=30)
    slack = datetime.timedelta(seconds=1)  # links count whole seconds
    expires = parsed_time(answer.expires_at)
    assert before + half_an_hour - slack <= expires <= after + half_an_hour + slack
    assert answer.document_info == client.list("linker").documents[0]


@pytest.mark.parametrize("minutes", [1, 10080])
def test_expiry_limits(client, stored, minutes):
    answer = client.url("linker", stored.document_id, expiry_minutes=minutes)
    left = parsed_time(answer.expires_at) - datetime.datetime.now(datetime.timezone.utc)
    assert abs(left - datetime.timedelta(minutes=minutes)) < datetime.timedelta(seconds=5)
    assert get(answer.presigned_url).status_code == 200


@pytest.mark.parametrize("minutes", [0, -1, 10081])
def test_expiry_beyond_the_limits(client, stored, minutes):
    with refused("INVALID_ARGUMENT", "INVALID_FIELD") as refusal:
        client.url("linker", stored.document_id, expiry_minutes=minutes)
    assert refusal.fields == ["expiry_minutes"]


def test_get(stored, link):
    answer = get(link)
    assert (answer.status_code, answer.content) == (200, stored.data)
    assert int(answer.headers["Content-Length"]) == SIZE
    assert answer.headers["Content-Type"].split(";")[0] == "application/pdf"
    assert answer.headers["Accept-Ranges"] == "bytes"
    disposition = answer.headers["Content-Disposition"]
    assert disposition.startswith("attachment;")
    assert "filename*=UTF-8''%C3%9Cbung%20%281%29.pdf" in disposition


@pytest.mark.local_objects
def test_browsers_are_told_not_to_guess(link):
    assert get(link).headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.local_objects
def test_head(link):
    got, head = get(link), requests.head(link, timeout=20)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("Content-Length", "Content-Type", "ETag", "Content-Disposition", "Accept-Ranges",
                 "X-Content-Type-Options"):
        assert head.headers[name] == got.headers[name]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"])
@pytest.mark.local_objects
def test_other_methods(link, method):
    answer = requests.request(method, link, timeout=20)
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"] and "HEAD" in answer.headers["Allow"]


@pytest.mark.local_objects
def test_etag(stored, link):
    etag = get(link).headers["ETag"]
    assert etag.startswith('"') and etag.endswith('"')
    for matching in (etag, f'"other", {etag}', "*", f"W/{etag}"):
        answer = get(link, **{"If-None-Match": matching})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["ETag"] == etag
    assert get(link, **{"If-None-Match": '"other"'}).content == stored.data
    part = get(link, Range="bytes=0-9", **{"If-Range": etag})
    assert (part.status_code, part.content) == (206, stored.data[:10])
    whole = get(link, Range="bytes=0-9", **{"If-Range": '"other"'})
    assert (whole.status_code, whole.content) == (200, stored.data)


def test_etags_differ(client, stored, link):
    other = client.store("linker", "other.pdf", pdf_of_size(SIZE, "other"))
    other_link = client.url("linker", other.document_id).presigned_url
    assert get(other_link).headers["ETag"] != get(link).headers["ETag"]
    client.delete("linker", other.document_id)


@pytest.mark.parametrize("asked, first, last", [
    ("bytes=0-0", 0, 0), ("bytes=0-99", 0, 99), ("bytes=5000-", 5000, SIZE - 1),
    ("bytes=-1", SIZE - 1, SIZE - 1), ("bytes=-100", SIZE - 100, SIZE - 1),
    ("bytes=0-", 0, SIZE - 1), (f"bytes=0-{SIZE - 1}", 0, SIZE - 1),
    (f"bytes={SIZE - 1}-{SIZE - 1}", SIZE - 1, SIZE - 1), (f"bytes=10-{SIZE * 9}", 10, SIZE - 1),
    (f"bytes=-{SIZE * 9}", 0, SIZE - 1),
    pytest.param("bytes= 5-9", 5, 9, marks=pytest.mark.local_objects)])
def test_range(stored, link, asked, first, last):
    answer = get(link, Range=asked)
    assert answer.status_code == 206
    assert answer.content == stored.data[first:last + 1]
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{SIZE}"
    assert int(answer.headers["Content-Length"]) == last + 1 - first


@pytest.mark.parametrize("asked", [
    f"bytes={SIZE}-", f"bytes={SIZE}-{SIZE + 5}",
    pytest.param("bytes=-0", marks=pytest.mark.local_objects),
    pytest.param("bytes=99999999999999999999-", marks=pytest.mark.local_objects)])
def test_range_that_cannot_be_satisfied(server, link, asked):
    answer = get(link, Range=asked)
    assert answer.status_code == 416
    if server.store.links_are_satchels:
        assert answer.headers["Content-Range"] == f"bytes */{SIZE}"


@pytest.mark.parametrize("asked", ["bytes=9-5", "bytes=a-b", "bytes=", "lines=1-2", "bytes", "5-9",
                                   "bytes=--5", "bytes=5-9x", "bytes=-", "bytes=0x0-0x9"])
@pytest.mark.local_objects
def test_range_that_makes_no_sense_is_ignored(stored, link, asked):
    answer = get(link, Range=asked)
    assert (answer.status_code, answer.content) == (200, stored.data)


@pytest.mark.local_objects
def test_several_ranges(stored, link):
    """Either all parts as multipart/byteranges or, as HTTP allows, the whole document."""
    answer = get(link, Range="bytes=0-9,20-29")
    if answer.status_code == 200:
        assert answer.content == stored.data
    else:
        assert answer.status_code == 206
        assert answer.headers["Content-Type"].startswith("multipart/byteranges")
        assert stored.data[0:10] in answer.content and stored.data[20:30] in answer.content


def test_download_in_ranges_is_the_document(stored, link):
    received = b""
    while len(received) < SIZE:
        received += get(link, Range=f"bytes={len(received)}-{len(received) + 7776}").content
    assert received == stored.data


@pytest.mark.local_objects
def test_head_with_range_and_conditions(link):
    etag = get(link).headers["ETag"]
    head = requests.head(link, headers={"If-None-Match": etag}, timeout=20)
    assert head.status_code == 304


def test_keep_alive_and_pipelined_session(stored, link):
    with requests.Session() as session:
        for _ in range(20):
            assert session.get(link, timeout=20).content == stored.data


def fixed_prefix(client, link) -> int:
    """How many first bytes of a link are the same for every document: where it leads."""
    other = client.store("prefix", "x.txt", b"x")
    other_link = client.url("prefix", other.document_id).presigned_url
    client.delete("prefix", other.document_id)
    common = next(position for position, (one, two) in enumerate(zip(link, other_link))
                  if one != two)
    return link.rindex("/", 0, common) + 1


def reads_the_same(one: str, other: str) -> bool:
    """Whether S3 must take both for one link: %2F is %2f, and the header Host is host."""
    def meaning(link):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(link).query)
        query["X-Amz-SignedHeaders"] = [
            name.lower() for name in query.get("X-Amz-SignedHeaders", ())]
        return urllib.parse.unquote(urllib.parse.urlsplit(link).path), query
    return meaning(one) == meaning(other)


def denied(answer, links_are_satchels: bool) -> bool:
    if links_are_satchels:
        return answer.status_code == 403
    # S3 calls some changes malformed, and to versitygw a key of nobody's is 404.
    return (answer.status_code in (400, 403)
            or answer.status_code == 404 and "<Code>XAdminUserNotFound</Code>" in answer.text)


def test_changed_byte_is_refused(server, client, link, rng):
    links_are_satchels = server.store.links_are_satchels
    origin = link.index("/", len("https://"))
    prefix = fixed_prefix(client, link)
    alphabet = string.ascii_letters + string.digits + "-_"
    with requests.Session() as session:
        for position in range(origin + 1, len(link)):
            attempts = [link[:position] + char + link[position + 1:]
                        for char in alphabet if char != link[position]]
            attempt = rng.choice([other for other in attempts
                                  if links_are_satchels or not reads_the_same(link, other)])
            answer = session.get(attempt, timeout=20)
            assert (denied(answer, links_are_satchels)
                    or position < prefix and answer.status_code == 404), (
                f"{answer.status_code} for position {position} of {len(link)}: {attempt}")


@pytest.mark.local_objects
def test_every_other_last_byte_is_refused(link):
    """The last character of a signature often has bits that say nothing; they count too."""
    with requests.Session() as session:
        for char in string.ascii_letters + string.digits + "-_=%&":
            if char != link[-1]:
                assert session.get(link[:-1] + char, timeout=20).status_code == 403


@pytest.mark.local_objects
def test_removed_and_doubled_parts_are_refused(link):
    head, query = link.split("?", 1)
    pairs = query.split("&")
    attempts = [head, link[:-1], link + "0", link + "&" + pairs[0].split("=")[0] + "=1"]
    attempts += [head + "?" + "&".join(pairs[:number] + pairs[number + 1:])
                 for number in range(len(pairs))]
    emptied = [pair.split("=")[0] + "=" for pair in pairs]
    attempts += [head + "?" + "&".join(pairs[:number] + [empty] + pairs[number + 1:])
                 for number, empty in enumerate(emptied)]
    for attempt in attempts:
        assert get(attempt).status_code == 403, attempt[len(head):]


def test_longer_life_is_refused(client, stored):
    short = client.url("linker", stored.document_id, expiry_minutes=1).presigned_url
    long = client.url("linker", stored.document_id, expiry_minutes=10080).presigned_url
    one, two = (urllib.parse.parse_qsl(urllib.parse.urlsplit(link).query) for link in (short, long))
    differing = [key for (key, a), (_, b) in zip(one, two) if a != b]
    assert len(differing) >= 2, "the expiry and the signature"
    base = short.split("?")[0]
    for key in differing:
        mixed = [(name, dict(two)[name] if name == key else value) for name, value in one]
        assert get(base + "?" + urllib.parse.urlencode(mixed)).status_code == 403


@pytest.mark.parametrize("path", ["/", "/etc/passwd", "/../../etc/passwd", "/%2e%2e/satchel.db",
                                  "/objects", "/documents", "/favicon.ico", "//", "/?x=y"])
@pytest.mark.local_objects
def test_other_paths_show_nothing(server, path):
    url = f"http://127.0.0.1:{server.settings['HTTP_PORT']}{path}"
    answer = get(url)
    assert answer.status_code in (400, 403, 404)
    assert len(answer.content) < 1000


def test_deleted_document(client, user):
    stored = client.store(user, "a.txt", b"first")
    link = client.url(user, stored.document_id).presigned_url
    assert get(link).content == b"first"
    client.delete(user, stored.document_id)
    assert get(link).status_code == 404
    client.upload(user, "a.txt", b"second")
    answer = get(link)
    assert answer.status_code == 404 and b"second" not in answer.content


@pytest.mark.s3
def test_deleted_document_that_another_program_wrote(server, client, user):
    stored = client.store(user, "a.txt", text_of_size(100, user))
    server.store.rows.set_version(stored.document_id, None)  # which no other program knows of
    link = client.url(user, stored.document_id).presigned_url
    assert get(link).content == stored.data
    client.delete(user, stored.document_id)
    assert not server.store.has_object(stored)
    assert get(link).status_code == 404
    client.upload(user, "a.txt", b"second")
    answer = get(link)
    assert answer.status_code == 404 and b"second" not in answer.content


@pytest.mark.s3
def test_delete_takes_the_bytes_that_another_program_wrote(server, client, user):
    stored = client.store(user, "a.txt", text_of_size(100, user))
    server.store.rows.set_version(stored.document_id, None)
    client.delete(user, stored.document_id)
    assert not server.store.has_object(stored)


# On S3 a version that is kept can be fetched until the link expires.
@pytest.mark.local_objects
def test_soft_deleted_document(new_server, connect, user):
    server = new_server(SOFT_DELETE="true").start()
    client = connect(server)
    stored = client.store(user, "a.txt", b"first")
    link = client.url(user, stored.document_id).presigned_url
    client.delete(user, stored.document_id)
    assert get(link).status_code == 404


def test_links_survive_a_restart(new_server, connect, user):
    server = new_server().start()
    stored = connect(server).store(user, "a.txt", b"abc")
    link = connect(server).url(user, stored.document_id).presigned_url
    assert server.stop() == 0
    server.start()
    assert get(link).content == b"abc"


@pytest.mark.local_objects
def test_link_of_another_server_is_refused(new_server, connect, server, link):
    other = new_server().start()
    ports = (server.settings["HTTP_PORT"], other.settings["HTTP_PORT"])
    assert get(link.replace(f":{ports[0]}/", f":{ports[1]}/")).status_code == 403


def test_damaged_object_does_not_answer_as_whole(new_server, connect, user):
    server = new_server().start()
    client = connect(server)
    stored = client.store(user, "a.txt", text_of_size(5000, user))
    link = client.url(user, stored.document_id).presigned_url
    server.store.remove_object(stored)
    assert get(link).status_code >= 400


@pytest.mark.local_objects
def test_public_url_is_used(new_server, connect, user):
    server = new_server(PUBLIC_URL="https://files.example.org/satchel/").start()
    stored = connect(server).store(user, "a.txt", b"abc")
    link = connect(server).url(user, stored.document_id).presigned_url
    assert link.startswith("https://files.example.org/satchel/")
    assert "//" not in link[len("https://"):]


def test_default_expiry_is_configurable(new_server, connect, user):
    server = new_server(PRESIGNED_URL_EXPIRY_MINUTES=5).start()
    stored = connect(server).store(user, "a.txt", b"abc")
    answer = connect(server).url(user, stored.document_id)
    left = parsed_time(answer.expires_at) - datetime.datetime.now(datetime.timezone.utc)
    assert abs(left - datetime.timedelta(minutes=5)) < datetime.timedelta(seconds=5)


def test_large_document_in_parallel(client, user):
    data = pdf_of_size(20 * MEBIBYTE, user)
    stored = client.store(user, "large.pdf", data)
    link = client.url(user, stored.document_id).presigned_url
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for answer in pool.map(lambda _: get(link), range(8)):
            assert answer.content == data
    client.delete(user, stored.document_id)


@pytest.mark.local_objects
def test_links_over_tls(new_server, tmp_path, user):
    authority = Authority("links")
    certificate, key = authority.issue("server").write(tmp_path, "server")
    ca = tmp_path / "ca.crt"
    ca.write_bytes(authority.certificate)
    server = new_server(TLS_CERT=certificate, TLS_KEY=key).start()
    with Client(server.address.replace("127.0.0.1", "localhost"),
                grpc.ssl_channel_credentials(authority.certificate)) as client:
        stored = client.store(user, "a.docx", real_document("docx"))
        link = client.url(user, stored.document_id).presigned_url
    assert link.startswith("https://localhost:")
    assert requests.get(link, verify=str(ca), timeout=20).content == stored.data
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(link, timeout=20)
    plain = link.replace("https://", "http://")
    with pytest.raises(requests.exceptions.ConnectionError):
        requests.get(plain, timeout=20)
