"""The Cloud Run service conforms to Knative's schema and to Cloud Run's own rules."""

import pytest
import yaml

from deployment.schemas import problems
from deployment.tools import REPOSITORY, output_of
from harness.locations import binary

FOLDER = REPOSITORY / "deploy" / "cloudrun"
KILL_SECONDS = 10  # between SIGTERM and SIGKILL; Cloud Run has no setting for it


@pytest.fixture(scope="module")
def text() -> str:
    return (FOLDER / "service.yaml").read_text()


@pytest.fixture(scope="module")
def revision(text) -> dict:
    return yaml.safe_load(text)["spec"]["template"]["spec"]


@pytest.fixture(scope="module")
def containers(revision) -> dict:
    return {container["name"]: container for container in revision["containers"]}


def environment_of(container) -> dict:
    return {entry["name"]: entry["value"] for entry in container["env"] if "value" in entry}


def test_service_conforms(text):
    assert problems(text) == ""


@pytest.mark.parametrize("right, wrong", [("containerConcurrency: 200", "concurrency: 200"),
                                          ("timeoutSeconds: 900", "timeoutSeconds: soon"),
                                          ("secretKeyRef", "secretRef")])
def test_a_mistake_is_seen(text, right, wrong):
    assert problems(text.replace(right, wrong, 1)) != ""


def test_one_port_speaks_http2(containers):
    ports = [(name, port) for name, container in containers.items()
             for port in container.get("ports", ())]
    assert ports == [("satchel", {"name": "h2c", "containerPort": 50051})]


def test_other_calls_go_to_the_service_beside_it(containers):
    port = environment_of(containers["ai-service"])["PORT"]
    assert environment_of(containers["satchel"])["UPSTREAM_GRPC"] == f"localhost:{port}"


def test_drain_ends_before_the_kill(containers):
    grace = int(environment_of(containers["satchel"])["SHUTDOWN_GRACE_SECONDS"])
    assert grace + 2 < KILL_SECONDS


def test_secrets_come_from_secret_manager_by_version(containers):
    entries = {entry["name"]: entry for entry in containers["satchel"]["env"]}
    for key in ("MICROSERVICE_DATABASE", "MINIO_ACCESS_KEY", "MINIO_SECRET_KEY"):
        assert entries[key].keys() == {"name", "valueFrom"}
        assert entries[key]["valueFrom"]["secretKeyRef"]["key"].isdigit()


def test_probes_ask_grpc_health_on_the_port(containers):
    for probe in ("startupProbe", "livenessProbe"):
        assert containers["satchel"][probe]["grpc"] == {"port": 50051}


def test_collector_scrapes_the_metrics(containers, revision):
    (mount,) = containers["collector"]["volumeMounts"]
    (volume,) = revision["volumes"]
    assert mount["name"] == volume["name"]
    monitoring = yaml.safe_load((FOLDER / "run-monitoring.yaml").read_text())
    (endpoint,) = monitoring["spec"]["endpoints"]
    assert (endpoint["port"], endpoint["path"]) == (9100, "/metrics")


def test_migration_runs_the_same_image_and_database(containers):
    job = yaml.safe_load((FOLDER / "migrate-job.yaml").read_text())
    (container,) = job["spec"]["template"]["spec"]["template"]["spec"]["containers"]
    assert container["image"] == containers["satchel"]["image"]
    assert container["args"] == ["migrate", "deploy"]
    of_server = {entry["name"]: entry for entry in containers["satchel"]["env"]}
    for entry in container["env"]:
        assert entry == of_server[entry["name"]]


def test_the_server_takes_the_settings(containers):
    environment = environment_of(containers["satchel"])
    secret = {"MICROSERVICE_DATABASE": "mysql://u:p@h:4000/d", "MINIO_ACCESS_KEY": "a",
              "MINIO_SECRET_KEY": "s", "PORT": "50051"}
    shown = output_of(binary(), "serve", "--print-config", env=environment | secret)
    for key, value in environment.items():
        assert f"{key}={value}" in shown.replace('"', ""), f"{key} has no effect\n{shown}"
