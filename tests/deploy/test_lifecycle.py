"""The probes of the manifests, and what happens between SIGTERM and the kill, on a real server."""

import queue
import threading
import time

import grpc
import pytest
import requests
import yaml
from grpc_health.v1 import health_pb2, health_pb2_grpc

from deployment.servers import running
from deployment.tools import REPOSITORY, output_of, tool
from harness.client import Client, chunk_request, metadata_request
from harness.documents import pdf_of_size
from harness.failures import Failure
from harness.waiting import wait_until

KUBERNETES = REPOSITORY / "deploy" / "kubernetes" / "overlays" / "prod"
CLOUDRUN = REPOSITORY / "deploy" / "cloudrun" / "service.yaml"
CLOUDRUN_KILL_SECONDS = 10


def kubernetes_container() -> tuple:
    """The container, its settings, and the seconds it has after SIGTERM."""
    items = list(yaml.safe_load_all(output_of(tool("kustomize"), "build", KUBERNETES)))
    (deployment,) = [item for item in items if item["kind"] == "Deployment"]
    (settings,) = [item["data"] for item in items if item["kind"] == "ConfigMap"]
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    before = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    return container, settings, pod["terminationGracePeriodSeconds"] - before


def cloudrun_container() -> tuple:
    pod = yaml.safe_load(CLOUDRUN.read_text())["spec"]["template"]["spec"]
    container = pod["containers"][0]
    settings = {entry["name"]: entry["value"] for entry in container["env"] if "value" in entry}
    return container, settings, CLOUDRUN_KILL_SECONDS


PLATFORMS = {"kubernetes": kubernetes_container, "cloudrun": cloudrun_container}


@pytest.fixture(params=PLATFORMS)
def platform(request) -> tuple:
    return PLATFORMS[request.param]()


def passes(server, probe: dict) -> bool:
    """What an orchestrator makes of the probe, asked as it asks."""
    seconds = probe.get("timeoutSeconds", 1)
    if "grpc" in probe:
        with grpc.insecure_channel(server.address) as channel:
            request = health_pb2.HealthCheckRequest(service=probe["grpc"].get("service", ""))
            try:
                answer = health_pb2_grpc.HealthStub(channel).Check(request, timeout=seconds)
            except grpc.RpcError:
                return False
            return answer.status == health_pb2.HealthCheckResponse.SERVING
    path = probe["httpGet"]["path"]
    try:
        return requests.get(server.metrics_url + path, timeout=seconds).ok
    except requests.RequestException:
        return False


def turned_away(client) -> bool:
    try:
        client.usage("ada")
    except Failure as failure:
        assert failure.code == "UNAVAILABLE", failure
        return True
    return False


def probes(container) -> dict:
    return {name: container[name] for name in ("startupProbe", "readinessProbe", "livenessProbe")
            if name in container}


class SlowUpload:
    """An upload that is under way for as long as the test wants."""

    def __init__(self, client, data: bytes):
        self._parts = queue.Queue()
        self._parts.put(metadata_request("ada", "slow.pdf", len(data)))
        self._parts.put(chunk_request(data[:1000]))
        self._rest = data[1000:]
        self.answer = None
        self._thread = threading.Thread(target=self._send, args=(client,), daemon=True)
        self._thread.start()

    def _send(self, client) -> None:
        self.answer = client.stub.UploadDocument(iter(self._parts.get, None), timeout=60)

    def finish(self) -> None:
        self._parts.put(chunk_request(self._rest))
        self._parts.put(None)
        self._thread.join(30)


def test_probes_pass_while_store_or_database_are_away(platform, tmp_path):
    """/readyz says what is wrong; a probe that restarted the pod for it would make it worse."""
    container, settings, _ = platform
    with running(tmp_path, MINIO_ENDPOINT="127.0.0.1:1", MINIO_ACCESS_KEY="a",
                 MINIO_SECRET_KEY="s", STORAGE_BACKEND="minio",
                 SHUTDOWN_GRACE_SECONDS=settings["SHUTDOWN_GRACE_SECONDS"],
                 MICROSERVICE_DATABASE="mysql://u:p@127.0.0.1:1/d", wait=False) as server:
        for name, probe in probes(container).items():
            wait_until(lambda: passes(server, probe), 20, f"{name} passes")
        assert server.probe("/readyz") == 503
        assert server.stop() == 0


def test_probes_fail_without_a_server(platform, tmp_path):
    container, _, _ = platform
    with running(tmp_path) as server:
        server.kill()
        for name, probe in probes(container).items():
            assert not passes(server, probe), name


def test_drain_ends_running_transfers_before_the_kill(platform, tmp_path):
    """SIGTERM: first no new calls, then the running ones end OK, then it ends with 0, in time."""
    container, settings, kill_seconds = platform
    data = pdf_of_size(200_000)
    with running(tmp_path, SHUTDOWN_GRACE_SECONDS=settings["SHUTDOWN_GRACE_SECONDS"]) as server, \
            Client(server.address) as client, Client(server.address) as newcomer:
        newcomer.usage("ada")
        upload = SlowUpload(client, data)
        wait_until(lambda: "satchel_uploads_in_progress 1" in server.prometheus(), 10,
                   "the upload is under way")
        began = time.monotonic()
        server.signal(15)
        readiness = container.get("readinessProbe", container["startupProbe"])
        wait_until(lambda: not passes(server, readiness), 5, "it is taken out of rotation")
        # A probe that is answered late fails, too.
        wait_until(lambda: turned_away(newcomer), 5, "new calls are refused")
        assert server.running(), "it waits for the upload"
        if "httpGet" in container["livenessProbe"]:
            wait_until(lambda: passes(server, container["livenessProbe"]), 5,
                       "it is alive in its drain: else it would be killed")
        upload.finish()
        assert upload.answer is not None and upload.answer.size == len(data)
        assert server.wait(kill_seconds) == 0
        assert time.monotonic() - began < kill_seconds


def test_drain_ends_before_the_kill_however_long_transfers_are(tmp_path):
    """On the platform that waits least."""
    _, settings, kill_seconds = cloudrun_container()
    with running(tmp_path, SHUTDOWN_GRACE_SECONDS=settings["SHUTDOWN_GRACE_SECONDS"]) as server, \
            Client(server.address) as client:
        stream = client.open_upload().send(metadata_request("ada", "endless.pdf", 1000))
        wait_until(lambda: "satchel_uploads_in_progress 1" in server.prometheus(), 10,
                   "the upload is under way")
        began = time.monotonic()
        server.signal(15)
        with pytest.raises(Failure) as ended:
            stream.result()
        assert ended.value.info.reason == "SHUTTING_DOWN"
        assert server.wait(kill_seconds) == 0
        assert time.monotonic() - began < kill_seconds
