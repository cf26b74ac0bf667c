"""Counters that move by exactly what happened, in both encodings, and the probes."""

import concurrent.futures
import re

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from harness.cli import administer
from harness.client import chunk_request, metadata_request
from harness.documents import PDF, text_of_size
from harness.failures import Failure, refused
from harness.waiting import wait_until

DAMAGES_STORE = True
SERVER_SETTINGS = {"STREAM_IDLE_TIMEOUT_SECONDS": 4}
COUNTERS = [
    "documents_upload_total", "documents_download_total", "documents_delete_total",
    "documents_errors_total", "documents_quota_exceeded_total", "minio_unavailable_total",
    "database_unavailable_total", "documents_operation_failures_total",
]


def counters(server) -> dict:
    metrics = server.metrics()
    return {name: metrics[name] for name in COUNTERS}


def moved(server, before: dict) -> dict:
    """The counters that changed, and by how much."""
    return {name: value - before[name] for name, value in counters(server).items()
            if value != before[name]}


def assert_moves(server, before, **expected) -> None:
    """A call is counted when it ends, which a client may learn a moment earlier."""
    try:
        wait_until(lambda: moved(server, before) == expected, 15, "the counters move")
    except AssertionError:
        assert moved(server, before) == expected


def prometheus(server) -> dict:
    return {family.name: family for family in
            text_string_to_metric_families(server.prometheus())}


def test_json_has_every_key(server):
    wait_until(lambda: server.metrics()["last_updated"], 10, "the database was read once")
    metrics = server.metrics()
    assert set(COUNTERS) <= set(metrics)
    for name in COUNTERS:
        assert isinstance(metrics[name], int) and metrics[name] >= 0
    storage = metrics["documents_storage_bytes"]
    assert isinstance(storage["global"], int) and isinstance(storage["users"], dict)
    assert isinstance(metrics["users_omitted"] if "users_omitted" in metrics
                      else storage["users_omitted"], int)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", metrics["last_updated"])


@pytest.mark.parametrize("accept, kind", [
    (None, "application/json"), ("*/*", "application/json"),
    ("application/json", "application/json"), ("text/plain;version=0.0.4", "text/plain"),
    ("text/plain", "text/plain"),
    ("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
     ("application/openmetrics-text", "text/plain")),
    ("application/json;q=0.2,text/plain;q=0.9", "text/plain"),
    ("text/plain;q=0.2,application/json;q=0.9", "application/json"),
])
def test_negotiation(server, accept, kind):
    answer = requests.get(server.metrics_url + "/metrics", headers={"Accept": accept}, timeout=10)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith(kind)
    if answer.headers["Content-Type"].startswith("application/json"):
        assert "documents_upload_total" in answer.json()
    else:
        assert "documents_upload_total" in answer.text


def test_upload_download_delete_count(server, client, user):
    before = counters(server)
    stored = client.store(user, "a.txt", b"abc")
    client.download(user, stored.document_id)
    client.download(user, stored.document_id, offset=1)
    client.list(user)
    client.usage(user)
    client.url(user, stored.document_id)
    client.delete(user, stored.document_id)
    assert_moves(server, before, documents_upload_total=1, documents_download_total=2,
                 documents_delete_total=1)


def test_callers_mistakes_are_errors_but_no_failures(server, client, user):
    before = counters(server)
    mistakes = [
        lambda: client.upload(user, "a.exe", b"x"), lambda: client.upload("", "a.txt", b"x"),
        lambda: client.upload(user, "a.pdf", b"x", mime_type=PDF), lambda: client.list(""),
        lambda: client.download(user, "unknown"), lambda: client.delete(user, "unknown"),
        lambda: client.url(user, "unknown"), lambda: client.usage("")]
    for mistake in mistakes:
        with pytest.raises(Failure):
            mistake()
    assert_moves(server, before, documents_errors_total=len(mistakes))


@pytest.mark.local_objects
def test_links_are_downloads_and_refused_ones_errors_but_no_failures(server, client, user):
    stored = client.store(user, "a.txt", b"abcdefghij")
    link = client.url(user, stored.document_id).presigned_url
    before = counters(server)
    answers = [requests.get(url, headers=headers, timeout=10).status_code for url, headers in [
        (link, {}), (link, {"Range": "bytes=0-1"}), (link, {"Range": "bytes=10-"}),
        (link, {"If-Match": '"other"'}), (link[:-1], {})]]
    assert answers == [200, 206, 416, 412, 403]
    assert_moves(server, before, documents_download_total=2, documents_errors_total=3)


def test_quota_exceeded(server, client, user):
    administer(server, "quota", "set", user, "10")
    before = counters(server)
    for _ in range(3):
        with refused("RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"):
            client.upload(user, "a.txt", text_of_size(11))
    assert_moves(server, before, documents_errors_total=3, documents_quota_exceeded_total=3)


def test_cancelled_and_stalled_uploads_are_errors_but_no_failures(server, client, user):
    before = counters(server)
    client.hold_upload(server.store, user, "a.txt").cancel()
    stalled = client.hold_upload(server.store, user, "b.txt")
    with refused("DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED"):
        stalled.result(seconds=30)
    assert_moves(server, before, documents_errors_total=2)


def test_damaged_object_is_a_failure(server, client, user):
    stored = client.store(user, "a.txt", text_of_size(4000, user))
    server.store.corrupt_object(stored)
    before = counters(server)
    with refused("DATA_LOSS", "CHECKSUM_MISMATCH"):
        client.download(user, stored.document_id)
    assert_moves(server, before, documents_errors_total=1, documents_operation_failures_total=1)


def test_unfinished_upload_is_not_counted_as_upload(server, client, user):
    before = counters(server)
    with refused("INVALID_ARGUMENT", "SIZE_MISMATCH"):
        client.upload(user, "a.txt", b"abc", size=10)
    assert_moves(server, before, documents_errors_total=1)


def test_storage_bytes_follow_the_database(server, client, user):
    client.upload(user, "a.txt", text_of_size(12_345))

    def users():
        return server.metrics()["documents_storage_bytes"]["users"].get(user)
    wait_until(lambda: users() == 12_345, 15, "the gauge shows the upload within 10 s")
    storage = server.metrics()["documents_storage_bytes"]
    assert storage["global"] >= sum(storage["users"].values())


def test_prometheus_agrees_with_json(server, client, user):
    client.upload(user, "a.txt", b"abc")
    families, metrics = prometheus(server), server.metrics()
    for name in COUNTERS:
        samples = families[name.removesuffix("_total")].samples
        assert sum(sample.value for sample in samples if sample.name == name) == metrics[name]


def test_prometheus_has_no_user_label(server, client, user):
    client.upload(user, "label.txt", b"abc")
    text = server.prometheus()
    assert user not in text and "label.txt" not in text
    for family in text_string_to_metric_families(text):
        assert family.documentation, family.name
        for sample in family.samples:
            assert "user" not in " ".join(sample.labels)


def test_prometheus_has_histograms_gauges_and_build_info(server, client, user):
    client.upload(user, "a.txt", b"abc")
    families = prometheus(server)
    kinds = {}
    for family in families.values():
        kinds.setdefault(family.type, []).append(family.name)
    assert any("duration" in name or "latency" in name for name in kinds["histogram"])
    assert any("bytes" in name or "size" in name for name in kinds["histogram"])
    assert any("in_flight" in name for name in kinds["gauge"])
    assert any("breaker" in name for name in families)
    assert any("build_info" in name for name in families)


def in_flight(server) -> float:
    return sum(sample.value for family in prometheus(server).values()
               if "in_flight" in family.name for sample in family.samples)


def test_in_flight_gauge_goes_up_and_down(server, client, user):
    wait_until(lambda: in_flight(server) == 0, 5, "nothing is in flight")
    stream = client.open_upload().send(metadata_request(user, "a.txt", 6), chunk_request(b"abc"))
    wait_until(lambda: in_flight(server) == 1, 5, "one upload is in flight")
    stream.send(chunk_request(b"def")).close().result()
    wait_until(lambda: in_flight(server) == 0, 5, "nothing is in flight again")


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/health"])
def test_probes(server, path):
    answer = requests.get(server.metrics_url + path, timeout=15)
    assert answer.status_code == 200
    assert requests.head(server.metrics_url + path, timeout=15).status_code == 200


@pytest.mark.parametrize("path, status", [("/", 404), ("/metricsx", 404), ("/../etc/passwd", 404)])
def test_unknown_path(server, path, status):
    assert requests.get(server.metrics_url + path, timeout=15).status_code == status


def test_counters_begin_at_zero(new_server):
    server = new_server().start()
    assert set(counters(server).values()) == {0}
    assert server.metrics()["documents_storage_bytes"]["global"] == 0


def test_hostile_user_names_in_json(server, client):
    name = '"},{"x\u2028<script>'
    client.upload(name, "a.txt", text_of_size(50))
    wait_until(lambda: server.metrics()["documents_storage_bytes"]["users"].get(name) == 50, 15,
               "the gauge shows the user")


def test_largest_thousand_users(new_server, connect):
    server = new_server().start()
    client = connect(server)

    def upload(number):
        client.upload(f"u{number}", "a.txt", text_of_size(1 if number < 3 else 2))
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(upload, range(1003)))

    def shown():
        metrics = server.metrics()
        storage = metrics["documents_storage_bytes"]
        return storage["global"] == 3 + 2 * 1000 and (metrics, storage)
    metrics, storage = wait_until(shown, 15, "all users are counted")
    assert len(storage["users"]) == 1000
    assert set(storage["users"].values()) == {2}
    assert metrics.get("users_omitted", storage.get("users_omitted")) == 3
