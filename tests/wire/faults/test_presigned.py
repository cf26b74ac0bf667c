"""Presigned links: MinIO itself says no when they have expired, and they name one version."""

import datetime
import urllib.parse

import pytest
import requests

from harness.clock import MovableClock
from harness.documents import text_of_size

HOSTILE = [
    "with space.txt", "a+b.txt", "100%.txt", "%2e%2e%2fa.txt", "🙂 family 👩‍👩‍👧.txt",
    "a#b?c=d&e.txt", "quote\"'.txt", "~tilde~.txt", "umlaut Ü.txt", "a;b,c.txt", "*!()'.txt",
    "数学 试卷.txt", "...txt", "[x]{y}|z.txt", "$HOME.txt", "a\u00a0b.txt", "e\u0301.txt"]


def test_expired_link_is_denied_by_the_store(new_server, connect, tmp_path, user):
    """Signed two minutes ago for one minute, which a clock that is behind amounts to."""
    clock = MovableClock(tmp_path)
    server = new_server(**clock.settings).start()
    client = connect(server)
    stored = client.store(user, "a.txt", b"abc")
    fresh = client.url(user, stored.document_id, expiry_minutes=1).presigned_url
    assert requests.get(fresh, timeout=10).content == b"abc"
    clock.move(datetime.timedelta(minutes=-2))
    expired = client.url(user, stored.document_id, expiry_minutes=1).presigned_url
    answer = requests.get(expired, timeout=10)
    assert answer.status_code == 403 and b"expired" in answer.content
    still_good = client.url(user, stored.document_id, expiry_minutes=10).presigned_url
    assert requests.get(still_good, timeout=10).content == b"abc"


def test_link_of_a_deleted_document(client, user):
    """404 also when the name is in use again, and never the newer document."""
    first = client.store(user, "a.txt", b"first")
    link = client.url(user, first.document_id).presigned_url
    assert requests.get(link, timeout=10).content == b"first"
    client.delete(user, first.document_id)
    assert requests.get(link, timeout=10).status_code == 404
    second = client.store(user, "a.txt", b"second")
    assert second.path == first.path
    answer = requests.get(link, timeout=10)
    assert answer.status_code == 404 and b"second" not in answer.content
    newer = client.url(user, second.document_id).presigned_url
    assert requests.get(newer, timeout=10).content == b"second"


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names(client, user, name):
    data = text_of_size(500, name)
    stored = client.store(user, name, data, category="c +%🙂")
    link = client.url(user, stored.document_id).presigned_url
    answer = requests.get(link, timeout=10)
    assert (answer.status_code, answer.content) == (200, data), answer.text
    disposition = answer.headers["Content-Disposition"]
    assert disposition.startswith("attachment;")
    encoded = disposition.split("filename*=UTF-8''", 1)[1].split(";")[0]
    assert urllib.parse.unquote(encoded) == name
    assert answer.headers["Content-Type"].split(";")[0] == "text/plain"
    part = requests.get(link, headers={"Range": "bytes=10-19"}, timeout=10)
    assert (part.status_code, part.content) == (206, data[10:20])


def test_changed_link_is_denied(client, user):
    one = client.store(user, "a.txt", b"one")
    other = client.store(user, "b.txt", b"other")
    link = client.url(user, one.document_id).presigned_url
    parts = urllib.parse.urlsplit(link)
    query = dict(urllib.parse.parse_qsl(parts.query))
    changes = {"X-Amz-Expires": "604800", "X-Amz-Signature": "0" * 64, "versionId": "null",
               "response-content-type": "text/html",
               "response-content-disposition": "inline"}
    for key, value in changes.items():
        assert key in query, key
        changed = parts._replace(query=urllib.parse.urlencode({**query, key: value}))
        assert requests.get(changed.geturl(), timeout=10).status_code == 403, key
    elsewhere = link.replace("/a.txt?", "/b.txt?")
    answer = requests.get(elsewhere, timeout=10)
    assert answer.status_code == 403 and other.data not in answer.content
    assert requests.put(link, data=b"new", timeout=10).status_code == 403
    assert requests.delete(link, timeout=10).status_code == 403


def test_link_is_for_the_host_that_clients_see(new_server, connect, servers, user):
    """The host is signed, so it works there and only there."""
    public = servers.toxiproxy.proxy(servers.minio.endpoint)
    server = new_server(MINIO_PUBLIC_ENDPOINT=f"http://{public.endpoint}").start()
    client = connect(server)
    stored = client.store(user, "a.txt", b"abc")
    link = client.url(user, stored.document_id).presigned_url
    assert link.startswith(f"http://{public.endpoint}/")
    assert requests.get(link, timeout=10).content == b"abc"
    inside = link.replace(public.endpoint, servers.minio.endpoint)
    assert requests.get(inside, timeout=10).status_code == 403


def test_public_host_may_have_its_own_scheme(new_server, connect, user):
    server = new_server(MINIO_PUBLIC_ENDPOINT="https://files.example.org").start()
    stored = connect(server).store(user, "a.txt", b"abc")
    link = connect(server).url(user, stored.document_id).presigned_url
    assert link.startswith("https://files.example.org/")
