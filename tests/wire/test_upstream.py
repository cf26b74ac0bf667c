"""Calls of the AI service on Satchel's port: as if they had reached it directly."""

import hashlib
import queue
import threading
import time

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase)

from harness.documents import MEBIBYTE
from harness.fsck import assert_clean
from harness.http2 import Http2, message
from harness.server import Server
from harness.upstream import Caller, Upstream, ends_with
from harness.upstream_protocol import ai, probe
from harness.waiting import wait_until

# Passing calls on says nothing about stores: one kind of them is enough.
pytestmark = [pytest.mark.short, pytest.mark.sqlite, pytest.mark.local_objects]

LIMIT = 4 * MEBIBYTE
# Field number and length of Payload.data in front of some MiB.
PAYLOAD_FRAMING_BYTES = 5
# Far more than anything is held for, and far less than would be a wait for something that never is.
WAIT_SECONDS_MAX = 0.1
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


@pytest.fixture(scope="module")
def upstream(tmp_path_factory):
    with Upstream(tmp_path_factory.mktemp("upstream")) as running:
        yield running


@pytest.fixture(scope="module")
def server(upstream, make_store, tmp_path_factory):
    running = Server(make_store(), tmp_path_factory.mktemp("server"),
                     {"UPSTREAM_GRPC": upstream.address})
    try:
        yield running.start()
        assert running.stop() == 0, running.output()
        assert_clean(running)
    finally:
        if running.running():
            running.kill()


@pytest.fixture(scope="module")
def caller(server):
    with Caller(server.address) as through:
        yield through


@pytest.fixture(scope="module")
def direct(upstream):
    with Caller(upstream.address) as past:
        yield past


QUESTION = ai.Question(question_id="q1", text="2x + 1?", options=["1", "2"],
                       variables={"x": "3"}, difficulty=0.25)
REQUESTS = {
    "GenerateContext": ai.GenerateContextRequest(question="why", keywords=["a", "ü", "😀"]),
    "DetectVariables": ai.TextRequest(text="speed of light"),
    "SegmentQuestion": ai.TextRequest(text="a b c"),
    "GenerateMCQVariations": ai.QuestionsRequest(questions=[QUESTION], count=3),
    "GenerateMSQVariations": ai.QuestionsRequest(questions=[QUESTION], count=1),
    "FilterAndRandomize": ai.TextRequest(text="abc"),
    "LumenAgent": ai.AgentRequest(teacher_id="t", message="hello", file=b"\0\xff" * 1000),
    "RAGAgent": ai.AgentRequest(teacher_id="t", message="hello"),
    "CreateCorpus": ai.CorpusRequest(corpus_name="biology"),
    "ListCorpusContent": ai.CorpusRequest(corpus_name="biology"),
    "DeleteCorpusDocument": ai.CorpusRequest(corpus_name="biology", file_id="f"),
    "AddCorpusDocument": ai.CorpusRequest(corpus_name="biology", file=b"x" * 3_000_000),
    "ListAllCorpora": ai.CorpusRequest(),
    "GetAssignment": ai.ReportRequest(assignment_id="a"),
    "GetAssignmentResults": ai.ReportRequest(assignment_id="a", student_id="s"),
    "GetReportCard": ai.ReportRequest(student_id="s"),
}


def test_the_requests_are_those_of_the_whole_service():
    assert set(REQUESTS) == set(ai.DESCRIPTOR.services_by_name["AIService"].methods_by_name)


@pytest.mark.parametrize("method", REQUESTS)
def test_method_answers_as_it_does_directly(caller, direct, method):
    through = getattr(caller.ai, method)(REQUESTS[method], timeout=10)
    assert through == getattr(direct.ai, method)(REQUESTS[method], timeout=10)
    assert through.ByteSize() > 0


def test_bytes_are_no_messages(caller):
    echo = caller.channel.unary_unary("/raw.Raw/Echo")
    for data in (b"", b"\xff\xff\xff", bytes(range(256)) * 100):
        assert echo(data, timeout=10) == data


def test_metadata_goes_both_ways(caller):
    sent = (("x-one", "1"), ("x-one", "2"), ("x-text", "a b ~"), ("x-raw-bin", b"\0\xff\n"),
            ("authorization", "Bearer t0ken"), ("traceparent", "00-abc-def-01"))
    described, call = caller.probe.Describe.with_call(
        probe.Payload(data=b"d"), timeout=10, metadata=sent)
    arrived = [(entry.key, entry.value) for entry in described.metadata]
    for key, value in sent:
        assert (key, value if isinstance(value, bytes) else value.encode()) in arrived
    assert [value for key, value in arrived if key == "x-one"] == [b"1", b"2"]
    agents = [value for key, value in arrived if key == "user-agent"]
    assert len(agents) == 1 and agents[0].startswith(b"satchel/")
    assert not [key for key, _ in arrived if key in ("host", "te", "content-type")]
    initial = [tuple(pair) for pair in call.initial_metadata()]
    assert [value for key, value in initial if key == "x-initial"] == ["first", "second"]
    assert ("x-initial-bin", b"\0\xff\n") in initial
    trailing = [tuple(pair) for pair in call.trailing_metadata()]
    assert ("x-trailing", "end") in trailing and ("x-trailing-bin", b"\1\xfe") in trailing
    assert described.data == b"d"


def test_large_metadata_goes_through(caller):
    described = caller.probe.Describe(probe.Payload(), timeout=10,
                                      metadata=(("x-large", "m" * 7000),))
    assert ("x-large", b"m" * 7000) in [(e.key, e.value) for e in described.metadata]


def test_metadata_that_grpc_cannot_carry_is_refused(server):
    with Http2(server.address) as raw:
        stream = raw.open("/probe.Probe/Describe", extra=[("x-bad", "caf\u00e9")])
        raw.send(stream, message(b""), end=True)
        raw.wait(lambda: "grpc-status" in raw.headers, 10, "an answer")
    assert raw.grpc_status() == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    assert server.probe("/livez") == 200


def test_deadline_goes_with_the_call(caller):
    left = caller.probe.Describe(probe.Payload(), timeout=30).seconds_left
    assert 20 < left < 31
    assert caller.probe.Describe(probe.Payload()).seconds_left == 0


@pytest.mark.parametrize("code", [code for code in grpc.StatusCode
                                  if code is not grpc.StatusCode.OK])
def test_status_is_the_upstreams_own(caller, code):
    rich = status_pb2.Status(code=code.value[0], message="rich")
    rich.details.add().Pack(error_details_pb2.ErrorInfo(reason="AI", domain="ai_service"))
    plan = probe.Failure(code=code.value[0], message="naïve % message", trailers=[
        probe.Entry(key="x-why", value=b"because"), probe.Entry(key="x-why-bin", value=b"\0\1")])
    with ends_with(code) as plain:
        caller.probe.Fail(plan, timeout=10)
    assert plain[0].details() == "naïve % message"
    trailing = dict(plain[0].trailing_metadata())
    assert trailing["x-why"] == "because" and trailing["x-why-bin"] == b"\0\1"
    assert "grpc-status-details-bin" not in trailing
    plan.details = rich.SerializeToString()
    with ends_with(code) as detailed:
        caller.probe.Fail(plan, timeout=10)
    details = [value for key, value in detailed[0].trailing_metadata()
               if key == "grpc-status-details-bin"]
    assert details == [plan.details]


def test_bare_unavailable_of_the_upstream_stays_bare(caller):
    with ends_with(grpc.StatusCode.UNAVAILABLE) as errors:
        caller.probe.Fail(probe.Failure(code=14, message="model is loading"), timeout=10)
    assert errors[0].details() == "model is loading"
    assert not errors[0].trailing_metadata()


def test_server_stream(caller):
    received = list(caller.probe.Download(
        probe.Plan(messages=200, message_bytes=100_000), timeout=30))
    assert [len(payload.data) for payload in received] == [100_000] * 200


@pytest.mark.parametrize("sent", [1, 2, 3])
def test_server_stream_that_fails_midway(caller, sent):
    call = caller.probe.Download(
        probe.Plan(messages=5, message_bytes=9, fail_after=sent), timeout=10)
    received = []
    with ends_with(grpc.StatusCode.DATA_LOSS):
        for payload in call:
            received.append(payload)
    assert len(received) == sent


def test_client_stream(caller):
    parts = [bytes([number % 256]) * 70_000 for number in range(300)]
    summary = caller.probe.Upload((probe.Payload(data=part) for part in parts), timeout=30)
    assert (summary.messages, summary.bytes) == (300, 21_000_000)
    assert summary.sha256 == hashlib.sha256(b"".join(parts)).hexdigest()


def test_client_stream_without_messages(caller):
    assert caller.probe.Upload(iter(()), timeout=10).messages == 0


def test_upstream_may_answer_before_the_caller_has_ended(caller):
    def requests():
        yield probe.Payload(data=b"stop")
        while True:
            yield probe.Payload(data=b"x" * 10_000)
    assert caller.probe.Upload(requests(), timeout=20).messages == 1


def test_bidirectional_stream(caller):
    answered = threading.Semaphore(0)

    def requests():
        for number in range(100):
            assert answered.acquire(timeout=10)
            yield probe.Payload(data=b"%d" % number)
    received = []
    for answer in caller.probe.Chat(requests(), timeout=30):
        received.append(answer.data)
        answered.release()
    assert received == [b"hello", *(b"%d" % number for number in range(100))]


def test_initial_metadata_does_not_wait_for_a_message(caller):
    call = caller.probe.Download(probe.Plan(headers_first=True), timeout=20)
    begin = time.monotonic()
    assert dict(call.initial_metadata())["x-early"] == "yes"
    assert time.monotonic() - begin < 5
    call.cancel()


def quickest(attempts, attempt) -> float:
    """Seconds of the quickest one: what a machine is busy with delays some, a rule delays all."""
    seconds = []
    for _ in range(attempts):
        begin = time.monotonic()
        attempt()
        seconds.append(time.monotonic() - begin)
    return min(seconds)


def test_upstream_that_speaks_first_is_not_kept_waiting(caller):
    never = threading.Event()

    def attempt():
        chat = caller.probe.Chat((never.wait(20) for _ in range(1)), timeout=20)
        assert next(chat).data == b"hello"
        chat.cancel()
    try:
        assert quickest(20, attempt) < WAIT_SECONDS_MAX
    finally:
        never.set()


def test_messages_of_an_open_stream_are_not_kept_waiting(caller):
    asked = queue.SimpleQueue()
    chat = caller.probe.Chat(iter(asked.get, None), timeout=30)
    asked.put(probe.Payload(data=b"first"))
    assert [next(chat).data, next(chat).data] == [b"hello", b"first"]

    def attempt():
        asked.put(probe.Payload(data=b"another"))
        assert next(chat).data == b"another"
    assert quickest(20, attempt) < WAIT_SECONDS_MAX
    asked.put(None)
    assert list(chat) == []


def test_message_of_a_caller_that_does_not_end_is_passed_on(server):
    with Http2(server.address) as raw:
        stream = raw.open("/probe.Probe/Describe")
        raw.send(stream, message(probe.Payload(data=b"open").SerializeToString()))
        raw.wait(lambda: "grpc-status" in raw.headers, 10, "an answer")
    assert raw.grpc_status() == grpc.StatusCode.OK.value[0]


@pytest.mark.parametrize("pause", [0, 0.02])
@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_every_message_arrives_whenever_the_end_comes(caller, count, pause):
    """With the last message, or so much later that nobody waits for it any more."""
    def requests():
        for number in range(count):
            yield probe.Payload(data=b"%d" % number)
            threading.Event().wait(pause)
    summary = caller.probe.Upload(requests(), timeout=10)
    sent = b"".join(b"%d" % number for number in range(count))
    assert (summary.messages, summary.sha256) == (count, hashlib.sha256(sent).hexdigest())
    answers = [payload.data for payload in caller.probe.Chat(requests(), timeout=10)]
    assert answers == [b"hello", *(b"%d" % number for number in range(count))]
    received = list(caller.probe.Download(probe.Plan(messages=count, message_bytes=5), timeout=10))
    assert [payload.data for payload in received] == [b"ddddd"] * count


def cancelled_upstream(caller, before) -> bool:
    now = caller.observed()
    return now.cancelled == before.cancelled + 1 and now.running == before.running


def test_cancelling_reaches_the_upstream(caller):
    before = caller.observed()
    call = caller.probe.Hang.future(probe.Payload(), timeout=60)
    wait_until(lambda: caller.observed().running == before.running + 1, 10, "the call runs")
    call.cancel()
    wait_until(lambda: cancelled_upstream(caller, before), 10, "the upstream is cancelled")


def test_cancelling_a_stream_reaches_the_upstream(caller):
    before = caller.observed()
    call = caller.probe.Download(probe.Plan(messages=100_000, message_bytes=50_000), timeout=60)
    next(call)
    call.cancel()
    wait_until(lambda: cancelled_upstream(caller, before), 10, "the upstream is cancelled")


def test_deadline_ends_the_upstreams_call(caller):
    before = caller.observed()
    with ends_with(grpc.StatusCode.DEADLINE_EXCEEDED):
        caller.probe.Hang(probe.Payload(), timeout=0.5)
    wait_until(lambda: cancelled_upstream(caller, before), 10, "the upstream is cancelled")


def test_compressed_calls_are_understood(caller):
    data = b"compressible " * 10_000
    described = caller.probe.Describe(probe.Payload(data=data), timeout=10,
                                      compression=grpc.Compression.Gzip)
    assert described.data == data


def test_message_of_the_largest_size(caller):
    data = b"m" * (LIMIT - PAYLOAD_FRAMING_BYTES)
    assert caller.probe.Upload(iter([probe.Payload(data=data)]), timeout=30).bytes == len(data)
    download = caller.probe.Download(
        probe.Plan(messages=2, message_bytes=LIMIT - PAYLOAD_FRAMING_BYTES), timeout=30)
    assert [len(payload.data) for payload in download] == [LIMIT - PAYLOAD_FRAMING_BYTES] * 2


def test_larger_message_is_refused(caller):
    completed = caller.observed().uploads_completed
    too_large = probe.Payload(data=b"m" * LIMIT)
    for _ in range(10):
        with ends_with(grpc.StatusCode.RESOURCE_EXHAUSTED):
            caller.probe.Upload(iter([probe.Payload(data=b"first"), too_large]), timeout=30)
    # A stream that was broken off must not look to the upstream as if it had ended.
    assert caller.observed().uploads_completed == completed
    with ends_with(grpc.StatusCode.RESOURCE_EXHAUSTED):
        caller.probe.Describe(too_large, timeout=30)
    with ends_with(grpc.StatusCode.RESOURCE_EXHAUSTED):
        list(caller.probe.Download(probe.Plan(messages=1, message_bytes=LIMIT), timeout=30))


@pytest.mark.parametrize("method", ["/probe.Probe/None", "/no.Such/Method"])
def test_method_that_nobody_has(caller, method):
    with ends_with(grpc.StatusCode.UNIMPLEMENTED):
        caller.channel.unary_unary(method)(b"", timeout=10)


def test_unknown_method_of_our_own_service_is_not_passed_on(caller):
    with ends_with(grpc.StatusCode.UNIMPLEMENTED) as errors:
        caller.channel.unary_unary("/document.DocumentService/None")(b"", timeout=10)
    assert errors[0].details() == "no such method"


def health(channel, service) -> int:
    return health_pb2_grpc.HealthStub(channel).Check(
        health_pb2.HealthCheckRequest(service=service), timeout=10).status


def test_health_is_the_upstreams_for_its_service(caller, direct):
    wait_until(lambda: health(caller.channel, "ai_service.AIService") == SERVING, 10, "serving")
    watch = health_pb2_grpc.HealthStub(caller.channel).Watch(
        health_pb2.HealthCheckRequest(service="ai_service.AIService"), timeout=30)
    assert next(watch).status == SERVING
    name = "ai_service.AIService"
    try:
        direct.probe.SetHealth(probe.Health(service=name, status=NOT_SERVING), timeout=10)
        assert next(watch).status == NOT_SERVING
        assert health(caller.channel, name) == NOT_SERVING
        assert health(caller.channel, "") == SERVING
        assert health(caller.channel, "document.DocumentService") == SERVING
    finally:
        direct.probe.SetHealth(probe.Health(service=name, status=SERVING), timeout=10)
    assert next(watch).status == SERVING
    watch.cancel()
    with ends_with(grpc.StatusCode.NOT_FOUND):
        health(caller.channel, "probe.Probe")


def test_reflection_is_of_both(caller):
    database = ProtoReflectionDescriptorDatabase(caller.channel)
    services = list(database.get_services())
    assert len(services) == len(set(services))
    assert {"document.DocumentService", "grpc.health.v1.Health", "ai_service.AIService",
            "probe.Probe"} <= set(services)
    assert database.FindFileContainingSymbol("ai_service.AIService").package == "ai_service"
    assert database.FindFileContainingSymbol("document.DocumentService").package == "document"
    assert database.FindFileContainingSymbol("grpc.health.v1.Health").package == "grpc.health.v1"
    assert database.FindFileByName("ai_service.proto").package == "ai_service"
    with pytest.raises(KeyError):
        database.FindFileContainingSymbol("no.Such")


def test_passed_calls_are_counted_apart(server, caller):
    def counted(name):
        return sum(float(line.rsplit(" ", 1)[1]) for line in server.prometheus().splitlines()
                   if line.startswith(name))
    errors = server.metrics()["documents_errors_total"]
    before = counted('satchel_passed_call_duration_seconds_count{code="NOT_FOUND"}')
    with ends_with(grpc.StatusCode.NOT_FOUND):
        caller.probe.Fail(probe.Failure(code=5, message="x"), timeout=10)
    wait_until(lambda: counted('satchel_passed_call_duration_seconds_count{code="NOT_FOUND"}')
               == before + 1, 5, "the call is counted")
    assert server.metrics()["documents_errors_total"] == errors
    wait_until(lambda: counted("satchel_passed_calls_in_flight") == 0, 10, "none in flight")
