"""Start, readiness, and an end that lets running streams finish."""

import os
import signal
import time

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase)

from harness.client import Client, chunk_request
from harness.documents import MEBIBYTE, pdf_of_size, text_of_size
from harness.failures import Failure, refused
from harness.fsck import assert_clean
from harness.http2 import Http2, message
from harness.locations import binary
from harness.protocol import SERVICE, messages
from harness.waiting import wait_until

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
LATE_SECONDS_MAX = 0.8
GRACE_SECONDS = 4
LEASE_SECONDS = 3


def health(client, service="") -> int:
    return health_pb2_grpc.HealthStub(client.channel).Check(
        health_pb2.HealthCheckRequest(service=service), timeout=5).status


def test_health_and_reflection(client):
    assert health(client) == SERVING
    assert health(client, "document.DocumentService") == SERVING
    with pytest.raises(grpc.RpcError) as caught:
        health(client, "no.such.Service")
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND
    services = ProtoReflectionDescriptorDatabase(client.channel).get_services()
    assert "document.DocumentService" in services
    assert "grpc.health.v1.Health" in services


def test_reflection_describes_the_contract(client):
    database = ProtoReflectionDescriptorDatabase(client.channel)
    file = database.FindFileContainingSymbol("document.DocumentService")
    own = messages.DESCRIPTOR
    assert [m.name for m in file.message_type] == list(own.message_types_by_name)
    methods = {method.name for service in file.service for method in service.method}
    assert methods == {method.name for method in
                       own.services_by_name["DocumentService"].methods}


def test_unknown_method_is_grpcs_own_answer(client):
    call = client.channel.unary_unary("/document.DocumentService/NoSuchMethod")
    with pytest.raises(grpc.RpcError) as caught:
        call(b"", timeout=5)
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_start_to_first_answer(new_server):
    """The bench measures 300 ms; here a start under load just must not wait for anything."""
    server = new_server()
    begin = time.monotonic()
    server.spawn()
    with Client(server.address) as client:
        client.channel  # connects with the first call
        call = client.stub.GetUsageStats(messages.GetUsageStatsRequest(user_id="first"),
                                         timeout=15, wait_for_ready=True)
    assert call.usage.user_id == "first"
    assert time.monotonic() - begin < 10


def test_idle_server_ends_at_once_with_0(new_server):
    for number in (signal.SIGTERM, signal.SIGINT):
        server = new_server().start()
        server.signal(number)
        assert server.wait(10) == 0


def draining(server, client) -> None:
    """Sends SIGTERM and returns when the health says so."""
    watch = health_pb2_grpc.HealthStub(client.channel).Watch(
        health_pb2.HealthCheckRequest(), timeout=20)
    assert next(watch).status == SERVING
    server.signal(signal.SIGTERM)
    assert next(watch).status == NOT_SERVING
    watch.cancel()


def test_running_streams_may_end_within_the_grace(new_server, connect, user):
    server = new_server(SHUTDOWN_GRACE_SECONDS=20).start()
    client = connect(server)
    stored = client.store(user, "big.pdf", pdf_of_size(20 * MEBIBYTE))
    upload = client.hold_upload(server.store, user)
    download = client.stub.DownloadDocument(messages.DownloadDocumentRequest(
        user_id=user, document_id=stored.document_id), timeout=30)
    assert next(download).info.size == 20 * MEBIBYTE
    draining(server, client)
    with refused("UNAVAILABLE", "SHUTTING_DOWN") as refusal:
        client.usage(user)
    assert refusal.retry_info is not None
    assert b"".join(part.chunk for part in download) == stored.data
    answer = upload.send(chunk_request(b"defghij")).close().result()
    assert answer.status == "COMPLETED"
    assert server.wait(5) == 0
    server.start()
    again = connect(server)
    assert again.download(user, answer.document_id).data == b"abcdefghij"
    assert again.used(user) == (2, 20 * MEBIBYTE + 10)


def test_streams_open_after_the_grace_are_ended(new_server, connect, user):
    server = new_server(SHUTDOWN_GRACE_SECONDS=GRACE_SECONDS).start()
    client = connect(server)
    upload = client.hold_upload(server.store, user)
    begin = time.monotonic()
    draining(server, client)
    with refused("UNAVAILABLE", "SHUTTING_DOWN") as refusal:
        upload.result(seconds=GRACE_SECONDS + 5)
    assert refusal.retry_info is not None
    took = time.monotonic() - begin
    assert GRACE_SECONDS - 0.5 < took < GRACE_SECONDS + 3
    assert server.wait(5) == 0
    assert_clean(server)
    server.start()
    assert connect(server).upload(user, "a.txt", b"abc").size == 3


def test_reader_that_does_not_read_is_told_of_the_end(new_server, connect, user):
    """And keeps the process for two seconds more at most, which the manifests count on."""
    server = new_server(SHUTDOWN_GRACE_SECONDS=1).start()
    stored = connect(server).store(user, "a.pdf", pdf_of_size(10 * MEBIBYTE))
    request = messages.DownloadDocumentRequest(user_id=user, document_id=stored.document_id)
    with Http2(server.address) as raw:
        stream = raw.open(SERVICE + "DownloadDocument", timeout="60S")
        raw.send(stream, message(request.SerializeToString()), end=True)
        raw.wait(lambda: raw.received == 65535, 5, "the window is full")
        begin = time.monotonic()
        server.signal(signal.SIGTERM)
        raw.wait(lambda: "grpc-status" in raw.headers, 10, "a status")
        assert raw.grpc_status() == grpc.StatusCode.UNAVAILABLE.value[0]
        assert "shutting down" in raw.headers["grpc-message"]
        assert server.wait(5) == 0
        assert time.monotonic() - begin < 1 + 2 + LATE_SECONDS_MAX
    line = server.wait_for_log(lambda line: line.get("operationType") == "download")
    assert line["code"] == "UNAVAILABLE"


def test_every_new_call_is_told_while_draining(new_server, connect, user):
    server = new_server(SHUTDOWN_GRACE_SECONDS=20).start()
    client = connect(server)
    stored = client.store(user, "a.txt", text_of_size(100))
    upload = client.hold_upload(server.store, user, "b.txt")
    draining(server, client)
    assert server.probe("/livez") == 200
    assert server.probe("/readyz") == 503
    calls = [
        lambda: client.upload(user, "c.txt", b"abc"), lambda: client.list(user),
        lambda: client.download(user, stored.document_id), lambda: client.usage(user),
        lambda: client.delete(user, stored.document_id),
        lambda: client.url(user, stored.document_id)]
    for call in calls:
        with refused("UNAVAILABLE", "SHUTTING_DOWN") as refusal:
            call()
        assert refusal.retry_info is not None
    upload.cancel()
    assert server.wait(5) == 0


def test_second_signal_ends_at_once(new_server, connect, user):
    server = new_server(SHUTDOWN_GRACE_SECONDS=60, UPLOAD_LEASE_SECONDS=LEASE_SECONDS).start()
    client = connect(server)
    upload = client.hold_upload(server.store, user)
    draining(server, client)
    server.signal(signal.SIGTERM)
    server.wait(10)
    with pytest.raises(Failure) as caught:
        upload.result(seconds=5)
    assert caught.value.code == "UNAVAILABLE"
    server.start()
    # In the embedded store at the start; in a shared one when the lease has run out.
    wait_until(lambda: server.store.pending_rows(user) == 0, 5 * LEASE_SECONDS, "the name is free")
    assert connect(server).upload(user, "a.txt", b"abc").size == 3
    assert server.stop() == 0
    assert_clean(server)


def test_end_is_logged_as_end(new_server):
    server = new_server().start()
    assert server.stop() == 0
    assert server.logs(), "the life of a server is logged"
    assert not [line for line in server.logs() if line["level"] in ("error", "critical")]


def test_closed_standard_streams_hold_nothing(new_server, connect, tmp_path, user):
    """Log lines of a server without standard output must not end up in what it opens."""
    program = tmp_path / "satchel"
    program.write_text(f'#!/bin/sh\nexec "{binary()}" "$@" <&- >&- 2>&-\n')
    program.chmod(0o755)
    server = new_server(program=program).start()
    for number in range(3):
        assert os.readlink(f"/proc/{server.process.pid}/fd/{number}") == "/dev/null"
    stored = connect(server).store(user, "a.txt", b"abc")
    assert connect(server).download(user, stored.document_id).data == b"abc"
    assert server.stop() == 0
    assert_clean(server)


def test_restarts_in_quick_succession(new_server, connect, user):
    """Ports and the folder's lock are free when the process has gone."""
    server = new_server()
    for number in range(5):
        server.start()
        connect(server).upload(user, f"{number}.txt", b"x")
        assert server.stop() == 0
    server.start()
    assert connect(server).used(user) == (5, 5)
    wait_until(lambda: server.probe("/readyz") == 200, 5, "ready")
