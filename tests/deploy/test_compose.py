"""docker-compose.yml, read by the library that Docker Compose reads it with."""

import json
import os
import re
import sys

import pytest

from deployment import compose_engine
from deployment.tools import REPOSITORY, output_of, run, tool
from harness.locations import binary

FILE = REPOSITORY / "docker-compose.yml"
DEV = REPOSITORY / "deploy" / "compose" / "dev.env"
SECRETS = ("MINIO_ROOT_USER", "MINIO_ROOT_PASSWORD", "DATABASE_PASSWORD", "DATABASE_ROOT_PASSWORD")


def project(environment_file) -> dict:
    return json.loads(output_of(tool("compose-config"), FILE, environment_file))


@pytest.fixture(scope="module")
def dev() -> dict:
    return project(DEV)


@pytest.fixture(scope="module")
def services(dev) -> dict:
    return dev["services"]


def test_a_mistake_is_seen(tmp_path):
    broken = tmp_path / "docker-compose.yml"
    for right, wrong in (("depends_on", "depend_on"), ("service_healthy", "healthy"),
                         ("minio-data:/data", "missing-volume:/data"),
                         ("      tidb:\n        condition", "      nobody:\n        condition")):
        text = FILE.read_text()
        assert right in text
        broken.write_text(text.replace(right, wrong, 1))
        assert run(tool("compose-config"), broken, DEV).returncode != 0, wrong


@pytest.mark.parametrize("missing", SECRETS)
def test_no_password_has_a_default(tmp_path, missing):
    environment = tmp_path / ".env"
    environment.write_text("".join(f"{key}=x\n" for key in SECRETS if key != missing))
    done = run(tool("compose-config"), FILE, environment)
    assert done.returncode != 0
    assert f"required variable {missing} is missing" in done.stderr


def test_passwords_given_are_the_only_ones(tmp_path):
    environment = tmp_path / ".env"
    environment.write_text("".join(f"{key}=given-{key.lower()}\n" for key in SECRETS))
    text = json.dumps(project(environment))
    known = set(re.findall(r"satchel-dev\S*", text))
    assert not known, "a password of the development profile"
    for secret in SECRETS:
        assert f"given-{secret.lower()}" in text


def test_starts_in_order(services):
    needs = {name: {other: how["condition"] for other, how in (service.get("depends_on")
                                                               or {}).items()}
             for name, service in services.items()}
    assert needs == {
        "satchel": {"migrate": "service_completed_successfully", "minio": "service_healthy",
                    "tidb": "service_healthy"},
        "migrate": {"tidb": "service_healthy"}, "minio": {}, "tidb": {}}
    for name in ("satchel", "minio", "tidb"):
        assert services[name]["healthcheck"]["test"][0] == "CMD"


def test_migration_runs_once_and_ends(services):
    assert services["migrate"]["command"] == ["migrate", "deploy"]
    assert services["migrate"]["restart"].startswith("on-failure")
    assert services["migrate"]["image"] == services["satchel"]["image"]
    assert services["migrate"]["environment"] == services["satchel"]["environment"]


def test_data_outlives_the_containers(dev, services):
    assert dev["volumes"].keys() == {"minio-data", "tidb-data"}
    for name in ("minio", "tidb"):
        assert [mount["type"] for mount in services[name]["volumes"]] == ["volume"]


def test_images_are_pinned_and_can_be_changed(tmp_path):
    environment = tmp_path / ".env"
    environment.write_text(DEV.read_text() + "MINIO_IMAGE=example.com/minio:1\n")
    assert project(environment)["services"]["minio"]["image"] == "example.com/minio:1"
    for service in project(DEV)["services"].values():
        assert re.search(r":[^:/]+$", service["image"]) and not service["image"].endswith(":latest")


def published(service) -> dict:
    return {port["target"]: port.get("host_ip", "everywhere") for port in service["ports"]}


def test_only_what_clients_need_is_open_to_other_machines(services):
    assert published(services["satchel"]) == {50051: "everywhere", 9100: "127.0.0.1"}
    assert published(services["minio"]) == {9000: "everywhere", 9001: "127.0.0.1"}
    assert published(services["tidb"]) == {4000: "127.0.0.1"}


def test_satchel_runs_hardened(services):
    for name in ("satchel", "migrate"):
        assert services[name]["read_only"] and services[name]["cap_drop"] == ["ALL"]
        assert services[name]["security_opt"] == ["no-new-privileges:true"]


def test_the_server_takes_the_settings(services):
    environment = services["satchel"]["environment"]
    shown = output_of(binary(), "serve", "--print-config", env=environment)
    for key in ("MINIO_ENDPOINT", "MINIO_PUBLIC_ENDPOINT", "STORAGE_BACKEND", "LOG_LEVEL"):
        assert f"{key}={environment[key]}" in shown.replace('"', ""), shown


def test_other_servers_and_limits_are_named_in_the_environment_file(tmp_path):
    given = {"MINIO_ENDPOINT": "s3.example.com", "MINIO_PUBLIC_ENDPOINT": "https://s3.example.com",
             "MINIO_SECURE": "true", "MINIO_REGION": "eu-central-1", "MINIO_BUCKET": "school",
             "DEFAULT_USER_QUOTA": "1000000", "SOFT_DELETE": "true"}
    environment = tmp_path / ".env"
    environment.write_text(DEV.read_text()
                           + "".join(f"{key}={value}\n" for key, value in given.items()))
    settings = project(environment)["services"]["satchel"]["environment"]
    shown = output_of(binary(), "serve", "--print-config", env=settings).splitlines()
    for key, value in given.items():
        assert f"{key}={value}" in shown


USE_IT = r"""
set -euxo pipefail
export SATCHEL_USER=ada
printf 'Photosynthesis: light in, sugar out.\n' >notes.txt
id="$(satchel put notes.txt --category biology)"
satchel get "$id" -o - | cmp - notes.txt
url="$(satchel url "$id")"
[[ "$url" == http://localhost:9000/documents/* ]]
curl --fail --silent --show-error "$url" | cmp - notes.txt
curl --fail --silent --show-error http://127.0.0.1:9100/readyz
curl --fail --silent --output /dev/null http://127.0.0.1:9001/
MICROSERVICE_DATABASE=mysql://satchel:satchel-dev-only@tidb:4000/satchel satchel migrate status
# No account without a password is left.
if mariadb --no-defaults --host=127.0.0.1 --port=4000 --user=root --execute='SELECT 1'; then
  exit 1
fi
# A commit goes to one region, so that a kill of the embedded store cannot leave it half done.
regions() {
  mariadb --no-defaults --host=127.0.0.1 --port=4000 --user=root --password=satchel-dev-only \
    --skip-column-names --execute="SHOW TABLE satchel.$1 REGIONS" | cut -f 1
}
[[ -n "$(regions rag_document)" && "$(regions rag_document)" == "$(regions user_usage)" ]]
"""


USE_IT_AGAIN = r"""
set -euxo pipefail
export SATCHEL_USER=ada
id="$(satchel ls | cut -f 1)"
satchel get "$id" -o - | cmp - notes.txt
satchel rm "$id"
"""


def compose_up(folder, command: str):
    """Everything up, the command run beside it, everything down."""
    programs = {"SATCHEL": binary(), "MIGRATE": binary(), "MINIO": tool("minio"),
                "TIDB": tool("tidb-server")}
    environment = {f"PROGRAM_{name}": str(path) for name, path in programs.items()}
    environment["PATH"] = f"{binary().parent}:{os.environ['PATH']}"
    return run("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
               sys.executable, compose_engine.__file__, folder / "project.json", folder / "run",
               "--", "bash", "-c", command, seconds=300, env=os.environ | environment, cwd=folder)


def test_runs_in_order_and_keeps_documents(dev, tmp_path):
    """The whole project with the real MinIO, TiDB and Satchel, on the file's own ports, twice."""
    (tmp_path / "project.json").write_text(json.dumps(dev))
    (tmp_path / "run").mkdir()
    for command in (USE_IT, USE_IT_AGAIN):
        done = compose_up(tmp_path, command)
        assert done.returncode == 0, done.stdout + done.stderr
