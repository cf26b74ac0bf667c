"""The server behind UPSTREAM_GRPC: grpc.aio with the AI service, its health and its reflection.

    python -m harness.upstream_server PORT [--bare]

With --bare it has neither health nor reflection.
"""

import asyncio
import hashlib
import signal
import sys

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio as health_aio
from grpc_reflection.v1alpha import reflection

from harness.upstream_protocol import ai, ai_services, probe, probe_services

GRACE_SECONDS = 5
CANCELLATION_SECONDS = 0.2
OPTIONS = (
    ("grpc.max_receive_message_length", 64 << 20),
    ("grpc.max_send_message_length", 64 << 20),
    ("grpc.max_metadata_size", 64 << 10),
    ("grpc.so_reuseport", 0),
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    # Windows that follow the measured bandwidth take hundreds of megabytes that nobody reads.
    ("grpc.http2.bdp_probe", 0),
)


class AIService(ai_services.AIServiceServicer):
    """Answers that follow from the question, so that a test can tell whose answer it has."""

    async def GenerateContext(self, request, context):
        return ai.TextResponse(text=f"{request.question}|{','.join(request.keywords)}")

    async def DetectVariables(self, request, context):
        return ai.VariablesResponse(variables={"text": request.text})

    async def SegmentQuestion(self, request, context):
        return ai.TextResponse(text="\n".join(request.text.split()))

    async def GenerateMCQVariations(self, request, context):
        return ai.QuestionsResponse(questions=list(request.questions) * request.count)

    GenerateMSQVariations = GenerateMCQVariations

    async def FilterAndRandomize(self, request, context):
        return ai.VariablesResponse(variables={request.text: request.text[::-1]})

    async def LumenAgent(self, request, context):
        return ai.AgentResponse(message=request.message, agent_name="lumen", data=request.file,
                                session_id=request.teacher_id)

    async def RAGAgent(self, request, context):
        return ai.AgentResponse(message=request.message[::-1], agent_name="rag", data=request.file)

    async def CreateCorpus(self, request, context):
        return ai.CorpusResponse(status="created", corpora=[request.corpus_name])

    async def ListCorpusContent(self, request, context):
        return ai.CorpusResponse(status="ok", documents=[request.corpus_name + "/a.pdf"])

    async def DeleteCorpusDocument(self, request, context):
        return ai.CorpusResponse(status=f"deleted {request.file_id}")

    async def AddCorpusDocument(self, request, context):
        return ai.CorpusResponse(status=hashlib.sha256(request.file).hexdigest())

    async def ListAllCorpora(self, request, context):
        return ai.CorpusResponse(corpora=["biology", "chemistry"])

    async def GetAssignment(self, request, context):
        return ai.ReportResponse(title=request.assignment_id)

    async def GetAssignmentResults(self, request, context):
        return ai.ReportResponse(title=request.assignment_id, scores={request.student_id: 0.5})

    async def GetReportCard(self, request, context):
        return ai.ReportResponse(title=request.student_id, scores={"all": 1.0})


class Probe(probe_services.ProbeServicer):
    def __init__(self, health):
        self._health = health
        self._observed = probe.Observed()

    async def Describe(self, request, context):
        pairs = [probe.Entry(key=key, value=value if isinstance(value, bytes) else value.encode())
                 for key, value in context.invocation_metadata()]
        await context.send_initial_metadata(
            (("x-initial", "first"), ("x-initial", "second"), ("x-initial-bin", b"\0\xff\n")))
        context.set_trailing_metadata((("x-trailing", "end"), ("x-trailing-bin", b"\1\xfe")))
        return probe.Description(metadata=pairs, seconds_left=context.time_remaining() or 0,
                                 data=request.data)

    async def Fail(self, request, context):
        trailers = [(entry.key, entry.value if entry.key.endswith("-bin") else
                     entry.value.decode()) for entry in request.trailers]
        if request.details:
            trailers.append(("grpc-status-details-bin", request.details))
        code = next(code for code in grpc.StatusCode if code.value[0] == request.code)
        await context.abort(code, request.message, tuple(trailers))

    async def Hang(self, request, context):
        self._observed.running += 1
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self._observed.cancelled += 1
            raise
        finally:
            self._observed.running -= 1

    async def Download(self, request, context):
        self._observed.running += 1
        completed = False
        try:
            if request.headers_first:
                await context.send_initial_metadata((("x-early", "yes"),))
                await asyncio.sleep(3600)
            payload = probe.Payload(data=b"d" * request.message_bytes)
            for number in range(request.messages):
                if request.fail_after and number == request.fail_after:
                    await context.abort(grpc.StatusCode.DATA_LOSS, "as planned")
                yield payload
            completed = True
        finally:
            self._observed.running -= 1
            self._observed.cancelled += not completed

    async def Upload(self, request_iterator, context):
        summary, digest = probe.Summary(), hashlib.sha256()
        async for request in request_iterator:
            summary.messages += 1
            summary.bytes += len(request.data)
            digest.update(request.data)
            if request.data == b"stop":
                break
        summary.sha256 = digest.hexdigest()
        # The messages of a cancelled call just end; that it is cancelled is known a moment later.
        await asyncio.sleep(CANCELLATION_SECONDS)
        self._observed.uploads_completed += 1
        return summary

    async def Chat(self, request_iterator, context):
        yield probe.Payload(data=b"hello")
        async for request in request_iterator:
            if request.data == b"never read again":
                self._observed.running += 1
                try:
                    await asyncio.Event().wait()
                finally:
                    self._observed.running -= 1
            yield request

    async def Observe(self, request, context):
        return self._observed

    async def SetHealth(self, request, context):
        await self._health.set(request.service, request.status)
        return probe.Payload()


async def raw_echo(request, _context):
    """Bytes in, bytes out: no message, so nothing that could be parsed."""
    return request


async def serve(port: int, bare: bool) -> None:
    server = grpc.aio.server(options=OPTIONS)
    health = health_aio.HealthServicer()
    ai_services.add_AIServiceServicer_to_server(AIService(), server)
    probe_services.add_ProbeServicer_to_server(Probe(health), server)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(
        "raw.Raw", {"Echo": grpc.unary_unary_rpc_method_handler(raw_echo)}),))
    if not bare:
        health_pb2_grpc.add_HealthServicer_to_server(health, server)
        await health.set("ai_service.AIService", health_pb2.HealthCheckResponse.SERVING)
        reflection.enable_server_reflection(
            ("ai_service.AIService", "probe.Probe", "grpc.health.v1.Health",
             reflection.SERVICE_NAME), server)
    if server.add_insecure_port(f"127.0.0.1:{port}") != port:
        raise RuntimeError(f"port {port} is taken")
    await server.start()
    print("serving", flush=True)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await ended.wait()
    await server.stop(GRACE_SECONDS)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), "--bare" in sys.argv[2:]))
