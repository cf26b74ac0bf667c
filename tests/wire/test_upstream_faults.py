"""UPSTREAM_GRPC that is away, hangs, stalls or is refused: the documents do not notice."""

import concurrent.futures
import itertools
import signal
import threading
import time

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from harness.client import Client, chunk_request, metadata_request
from harness.documents import MEBIBYTE, pdf_of_size
from harness.failures import Failure, failure_of
from harness.fsck import assert_clean
from harness.http2 import Http2, message
from harness.upstream import Caller, Upstream, ends_with
from harness.upstream_protocol import ai, probe
from harness.waiting import wait_until

# Passing calls on says nothing about stores: one kind of them is enough.
pytestmark = [pytest.mark.sqlite, pytest.mark.local_objects]

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
BACK_SECONDS = 5
IDLE_SECONDS = 2
STALLED_STREAMS = 300
STALLED_MESSAGE_BYTES = 1 * MEBIBYTE
# At 4 MiB each, nearly twice the 128 MiB that messages may hold: some streams hold none, as their
# message has only come in part.
UNREAD_STREAMS = 60
UNREAD_STREAMS_ENDED = 3
# Windows, what the transport has taken, and gRPC's share of each stream.
STALLED_MEMORY_MAX = 400 * MEBIBYTE


@pytest.fixture
def upstream(tmp_path):
    with Upstream(tmp_path) as running:
        yield running


@pytest.fixture
def call_through():
    callers = []

    def make(server, options=()):
        callers.append(Caller(server.address, options))
        return callers[-1]
    yield make
    for caller in callers:
        caller.channel.close()


def ai_health(caller, service="ai_service.AIService") -> int:
    return health_pb2_grpc.HealthStub(caller.channel).Check(
        health_pb2.HealthCheckRequest(service=service), timeout=10).status


def answers(caller) -> bool:
    try:
        return caller.ai.ListAllCorpora(ai.CorpusRequest(), timeout=30).corpora != []
    except grpc.RpcError as error:
        assert error.code() is grpc.StatusCode.UNAVAILABLE, error
        return False


def assert_upstream_unavailable(error) -> None:
    failure = failure_of(error)
    assert (failure.code, failure.reason) == ("UNAVAILABLE", "UPSTREAM_UNAVAILABLE"), error
    failure.assert_well_formed()
    assert failure.retry_info is not None


def test_without_an_upstream_there_are_no_such_methods(new_server, call_through):
    caller = call_through(new_server().start())
    with ends_with(grpc.StatusCode.UNIMPLEMENTED):
        caller.ai.ListAllCorpora(ai.CorpusRequest(), timeout=5)
    with ends_with(grpc.StatusCode.UNIMPLEMENTED):
        list(caller.probe.Chat(iter(()), timeout=5))
    with ends_with(grpc.StatusCode.NOT_FOUND):
        ai_health(caller)


def test_upstream_that_is_not_there_yet(new_server, connect, call_through, tmp_path, user):
    upstream = Upstream(tmp_path)
    server = new_server(UPSTREAM_GRPC=upstream.address).start()
    caller, client = call_through(server), connect(server)
    begin = time.monotonic()
    for call in (lambda: caller.ai.ListAllCorpora(ai.CorpusRequest(), timeout=30),
                 lambda: list(caller.probe.Download(probe.Plan(messages=1), timeout=30)),
                 lambda: caller.probe.Upload(iter([probe.Payload()]), timeout=30)):
        with ends_with(grpc.StatusCode.UNAVAILABLE) as errors:
            call()
        assert_upstream_unavailable(errors[0])
    assert time.monotonic() - begin < 10
    assert ai_health(caller) == NOT_SERVING
    assert ai_health(caller, "") == SERVING
    assert client.store(user, "a.txt", b"abc")
    errors_of_documents = server.metrics()["documents_errors_total"]
    assert errors_of_documents == 0
    with upstream:
        wait_until(lambda: answers(caller), BACK_SECONDS, "the upstream is found")
        wait_until(lambda: ai_health(caller) == SERVING, BACK_SECONDS, "its health is, too")
    server.wait_for_log(lambda line: line["message"] == "upstream is serving")
    assert server.stop() == 0


def test_upstream_without_health_and_reflection(new_server, call_through, tmp_path):
    with Upstream(tmp_path, bare=True) as upstream:
        caller = call_through(new_server(UPSTREAM_GRPC=upstream.address).start())
        wait_until(lambda: ai_health(caller) == SERVING, BACK_SECONDS, "who answers is healthy")
        upstream.kill()
        wait_until(lambda: ai_health(caller) == NOT_SERVING, BACK_SECONDS, "no longer")


def test_upstream_killed_under_running_calls(new_server, upstream, connect, call_through, user):
    server = new_server(UPSTREAM_GRPC=upstream.address).start()
    caller, client = call_through(server), connect(server)
    upload = client.hold_upload(server.store, user)
    hanging = caller.probe.Hang.future(probe.Payload(), timeout=60)
    chat = caller.probe.Chat(iter(threading.Event().wait, True), timeout=60)
    assert next(chat).data == b"hello"
    wait_until(lambda: caller.observed().running == 1, 10, "the calls run")
    upstream.kill()
    with ends_with(grpc.StatusCode.UNAVAILABLE) as errors:
        hanging.result(timeout=20)
    assert_upstream_unavailable(errors[0])
    with ends_with(grpc.StatusCode.UNAVAILABLE):
        next(chat)
    answer = upload.send(chunk_request(b"defghij")).close().result()
    assert client.download(user, answer.document_id).data == b"abcdefghij"
    upstream.start()
    wait_until(lambda: answers(caller), BACK_SECONDS, "the upstream is back")
    assert server.stop() == 0


def test_upstream_that_hangs_ends_by_the_callers_deadline(new_server, upstream, connect,
                                                          call_through, user):
    server = new_server(UPSTREAM_GRPC=upstream.address).start()
    caller, client = call_through(server), connect(server)
    wait_until(lambda: ai_health(caller) == SERVING, BACK_SECONDS, "the upstream is healthy")
    upstream.signal(signal.SIGSTOP)
    try:
        begin = time.monotonic()
        with ends_with(grpc.StatusCode.DEADLINE_EXCEEDED):
            caller.ai.ListAllCorpora(ai.CorpusRequest(), timeout=1)
        assert time.monotonic() - begin < 4
        assert client.store(user, "a.txt", b"abc")
        wait_until(lambda: ai_health(caller) == NOT_SERVING, BACK_SECONDS, "it does not answer")
    finally:
        upstream.signal(signal.SIGCONT)
    wait_until(lambda: ai_health(caller) == SERVING, BACK_SECONDS, "it answers again")
    assert answers(caller)


def test_connection_nobody_answers_fails_within_seconds(new_server, call_through):
    """An address where packets vanish (RFC 5737)."""
    caller = call_through(new_server(UPSTREAM_GRPC="192.0.2.1:50051").start())
    begin = time.monotonic()
    with ends_with(grpc.StatusCode.UNAVAILABLE) as errors:
        caller.ai.ListAllCorpora(ai.CorpusRequest(), timeout=30)
    assert_upstream_unavailable(errors[0])
    assert time.monotonic() - begin < 8


def drain(server, caller) -> None:
    watch = health_pb2_grpc.HealthStub(caller.channel).Watch(
        health_pb2.HealthCheckRequest(), timeout=20)
    assert next(watch).status == SERVING
    server.signal(signal.SIGTERM)
    assert next(watch).status == NOT_SERVING
    watch.cancel()


def test_passed_streams_get_the_grace(new_server, upstream, call_through):
    server = new_server(UPSTREAM_GRPC=upstream.address, SHUTDOWN_GRACE_SECONDS=20).start()
    caller = call_through(server)
    may_go_on = threading.Event()

    def requests():
        yield probe.Payload(data=b"before")
        assert may_go_on.wait(20)
        yield probe.Payload(data=b"after")
    chat = caller.probe.Chat(requests(), timeout=30)
    assert [next(chat).data, next(chat).data] == [b"hello", b"before"]
    drain(server, caller)
    with ends_with(grpc.StatusCode.UNAVAILABLE) as errors:
        caller.ai.ListAllCorpora(ai.CorpusRequest(), timeout=5)
    assert failure_of(errors[0]).reason == "SHUTTING_DOWN"
    may_go_on.set()
    assert [payload.data for payload in chat] == [b"after"]
    assert server.wait(10) == 0


def test_passed_streams_open_after_the_grace_are_ended(new_server, upstream, call_through):
    server = new_server(UPSTREAM_GRPC=upstream.address, SHUTDOWN_GRACE_SECONDS=1).start()
    caller = call_through(server)
    hanging = caller.probe.Hang.future(probe.Payload(), timeout=60)
    with Caller(upstream.address) as direct:
        wait_until(lambda: direct.observed().running == 1, 10, "the call runs")
        server.signal(signal.SIGTERM)
        with ends_with(grpc.StatusCode.UNAVAILABLE) as errors:
            hanging.result(timeout=20)
        assert failure_of(errors[0]).reason == "SHUTTING_DOWN"
        wait_until(lambda: direct.observed().cancelled == 1, 10, "the upstream is cancelled")
    assert server.wait(10) == 0


def test_caller_that_does_not_read_is_cut(new_server, upstream, call_through):
    server = new_server(UPSTREAM_GRPC=upstream.address,
                        STREAM_IDLE_TIMEOUT_SECONDS=IDLE_SECONDS).start()
    with Caller(upstream.address) as direct, Http2(server.address) as raw:
        stream = raw.open("/probe.Probe/Download", timeout="60S")
        plan = probe.Plan(messages=1000, message_bytes=100_000)
        raw.send(stream, message(plan.SerializeToString()), end=True)
        wait_until(lambda: direct.observed().running == 1, 10, "the call runs")
        raw.wait(lambda: raw.ended, IDLE_SECONDS + 8, "the stream is cut")
        wait_until(lambda: direct.observed().running == 0, 10, "the upstream's, too")
    # A stream on which nobody has anything to say is none that stalls.
    caller = call_through(server)
    hanging = caller.probe.Hang.future(probe.Payload(), timeout=60)
    with pytest.raises(grpc.FutureTimeoutError):
        hanging.result(timeout=IDLE_SECONDS + 2)
    hanging.cancel()


def test_hundreds_of_stalled_streams_are_bounded_in_memory(new_server, upstream, call_through):
    server = new_server(UPSTREAM_GRPC=upstream.address).start()
    before = server.peak_memory_bytes()
    plan = message(probe.Plan(messages=50, message_bytes=STALLED_MESSAGE_BYTES)
                   .SerializeToString())
    with Http2(server.address) as raw, Caller(upstream.address) as direct:
        for _ in range(STALLED_STREAMS):
            raw.send(raw.open("/probe.Probe/Download", timeout="60S"), plan, end=True)
        wait_until(lambda: direct.observed().running >= STALLED_STREAMS // 2, 30, "they run")
        caller = call_through(server)
        for _ in range(50):
            assert answers(caller)
        assert server.peak_memory_bytes() - before < STALLED_MEMORY_MAX
    wait_until(lambda: answers(caller), 5, "others go on")
    assert server.stop() == 0


def test_upstream_that_stops_reading_holds_the_caller_back(new_server, upstream, call_through):
    server = new_server(UPSTREAM_GRPC=upstream.address).start()
    caller = call_through(server)
    before = server.peak_memory_bytes()
    sent = []

    def requests():
        yield probe.Payload(data=b"never read again")
        for _ in range(4000):
            sent.append(1)
            yield probe.Payload(data=b"x" * 100_000)
    chat = caller.probe.Chat(requests(), timeout=60)
    wait_until(lambda: caller.observed().running == 1, 10, "the upstream does not read")
    assert answers(caller)
    taken = -1
    while taken != len(sent):
        taken = len(sent)
        threading.Event().wait(0.5)
    # Far from all of it: what fits into the windows on the way.
    assert taken * 100_000 < 100 * MEBIBYTE
    assert server.peak_memory_bytes() - before < 60 * MEBIBYTE
    chat.cancel()


def end_of(chat) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as caught:
        assert [payload.data for payload in chat] == [b"hello"], "then it is ended"
    return caught.value


def test_callers_cut_for_room_are_told_why(new_server, upstream, call_through):
    """Which of them are cut is not said: as many as make room for the others."""
    server = new_server(UPSTREAM_GRPC=upstream.address).start()
    caller = call_through(server)

    def requests():
        yield probe.Payload(data=b"never read again")
        while True:
            yield probe.Payload(data=b"x" * (4 * MEBIBYTE - 1024))
    chats = [caller.probe.Chat(requests(), timeout=120) for _ in range(UNREAD_STREAMS)]
    with concurrent.futures.ThreadPoolExecutor(UNREAD_STREAMS) as pool:
        ends = concurrent.futures.as_completed([pool.submit(end_of, chat) for chat in chats])
        for end in itertools.islice(ends, UNREAD_STREAMS_ENDED):
            failure = failure_of(end.result())
            assert (failure.code, failure.reason) == ("UNAVAILABLE", "SERVER_BUSY"), end.result()
            failure.assert_well_formed()
            assert failure.retry_info is not None
        for chat in chats:
            chat.cancel()
    # The upstream, in Python, is as busy with its sixty lost callers.
    wait_until(lambda: answers(caller), 30, "others go on")
    assert server.stop() == 0


def test_drain_does_not_wait_for_a_caller_that_reads_no_answer(new_server, upstream):
    server = new_server(UPSTREAM_GRPC=upstream.address, SHUTDOWN_GRACE_SECONDS=1).start()
    with Caller(upstream.address) as direct, Http2(server.address) as raw:
        stream = raw.open("/probe.Probe/Download", timeout="60S")
        # More than the caller takes, and less than Satchel does.
        plan = probe.Plan(messages=1, message_bytes=100_000)
        raw.send(stream, message(plan.SerializeToString()), end=True)
        raw.wait(lambda: raw.received > 60_000, 10, "the window is used up")
        wait_until(lambda: direct.observed().running == 0, 10, "the upstream has ended")
        server.signal(signal.SIGTERM)
        raw.wait(lambda: raw.ended, 10, "the stream is cut")
    assert raw.headers["grpc-message"].startswith("the server is shutting down")
    server.wait_for_log(lambda line: line["message"] == "stopped")
    assert server.wait(10) == 0


def test_larger_limit_is_for_passed_calls_only(new_server, upstream, connect, call_through, user):
    server = new_server(UPSTREAM_GRPC=upstream.address, UPSTREAM_MAX_MESSAGE_SIZE="16MB").start()
    caller, client = call_through(server), connect(server)
    data = b"l" * (10 * MEBIBYTE)
    assert caller.probe.Describe(probe.Payload(data=data), timeout=30).data == data
    upload = client.open_upload().send(metadata_request(user, "a.txt", len(data)),
                                       chunk_request(data))
    with pytest.raises(Failure) as caught:
        upload.result()
    assert (caught.value.code, caught.value.reason) == ("RESOURCE_EXHAUSTED", "MESSAGE_TOO_LARGE")
    caught.value.assert_well_formed()


def test_smaller_limit_refuses_with_a_reason(new_server, upstream, call_through):
    server = new_server(UPSTREAM_GRPC=upstream.address, UPSTREAM_MAX_MESSAGE_SIZE="1KB").start()
    caller = call_through(server)
    assert caller.probe.Describe(probe.Payload(data=b"s" * 900), timeout=10).data
    with ends_with(grpc.StatusCode.RESOURCE_EXHAUSTED) as errors:
        caller.probe.Upload(iter([probe.Payload(data=b"s" * 1025)]), timeout=10)
    failure = failure_of(errors[0])
    assert (failure.reason, failure.metadata) == ("MESSAGE_TOO_LARGE", {"limit": "1024"})
    failure.assert_well_formed()


def hostile_acts(address, rng) -> None:
    """What no gRPC library would send; each on a connection of its own."""
    with Http2(address) as raw:  # a frame that says it is longer than it is, then silence
        raw.send(raw.open("/probe.Probe/Upload"), message(b"abc", length=100))
        raw.reset_hard()
    with Http2(address) as raw:  # a frame of no known kind, behind a good one
        stream = raw.open("/probe.Probe/Upload")
        raw.send(stream, message(probe.Payload(data=b"ok").SerializeToString()))
        raw.send(stream, b"\x07" + rng.randbytes(64))
        raw.reset_hard()
    with Http2(address) as raw:  # nothing at all, and gone
        raw.open("/probe.Probe/Chat")
        raw.reset_hard()
    for path in ("/", "x", "//", "/" + "p" * 4000, "/probe.Probe/\u00fc"):
        with Http2(address) as raw:
            raw.send(raw.open(path), message(b""), end=True)
            raw.wait(lambda: raw.ended, 10, f"{path!r} is answered")


def test_hostile_calls_do_no_harm(new_server, upstream, call_through, rng):
    server = new_server(UPSTREAM_GRPC=upstream.address).start()
    caller = call_through(server)
    for _ in range(5):
        hostile_acts(server.address, rng)
    assert answers(caller)
    assert caller.observed().uploads_completed == 0
    assert server.stop() == 0


def test_load_of_both_with_the_upstream_killed_and_back(new_server, upstream, call_through):
    server = new_server(UPSTREAM_GRPC=upstream.address).start()
    caller = call_through(server)
    wait_until(lambda: answers(caller), BACK_SECONDS, "the upstream is there")
    stop = threading.Event()
    data = pdf_of_size(3 * MEBIBYTE, 7)

    def upload(number):
        uploaded = 0
        with Client(server.address) as client:
            while not stop.is_set():
                stored = client.store(f"load-{number}", f"{uploaded}.pdf", data)
                assert client.download(stored.user_id, stored.document_id).data == data
                uploaded += 1
        return uploaded

    def ask(number):
        text, answered = f"question {number}", 0
        while not stop.is_set():
            try:
                assert caller.ai.RAGAgent(ai.AgentRequest(message=text),
                                          timeout=10).message == text[::-1]
                answered += 1
            except grpc.RpcError as error:
                assert error.code() is grpc.StatusCode.UNAVAILABLE, error
        return answered
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        uploads = [pool.submit(upload, number) for number in range(3)]
        questions = [pool.submit(ask, number) for number in range(5)]
        try:
            for _ in range(3):
                upstream.kill()
                upstream.start()
                wait_until(lambda: answers(caller), BACK_SECONDS, "the upstream is back")
        finally:
            stop.set()
        assert all(future.result() > 0 for future in uploads + questions)
    assert server.metrics()["documents_errors_total"] == 0
    assert server.stop() == 0
    server.start()
    assert_clean(server)
