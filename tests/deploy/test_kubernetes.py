"""The overlays render, conform to the schemas, and fit together and the server."""

import pathlib

import pytest
import yaml

from deployment.schemas import problems
from deployment.tools import REPOSITORY, output_of, tool
from harness.locations import binary

OVERLAYS = REPOSITORY / "deploy" / "kubernetes" / "overlays"
SECRET_KEYS = {"database-url": "mysql://satchel:p@tidb:4000/satchel", "minio-access-key": "a",
               "minio-secret-key": "s"}


@pytest.fixture(scope="module", params=["dev", "prod"])
def manifests(request) -> str:
    return output_of(tool("kustomize"), "build", OVERLAYS / request.param)


@pytest.fixture(scope="module")
def objects(manifests) -> list:
    return list(yaml.safe_load_all(manifests))


def of_kind(objects, kind) -> list:
    return [item for item in objects if item["kind"] == kind]


def pod_templates(objects) -> list:
    return [item["spec"]["template"] for item in objects if item["kind"] in ("Deployment", "Job")]


def server_pod(objects) -> dict:
    (deployment,) = of_kind(objects, "Deployment")
    return deployment["spec"]["template"]


def environment_of(objects, container) -> dict:
    """What the container gets, secrets as the names of their files."""
    environment = {}
    for source in container.get("envFrom", ()):
        name = source["configMapRef"]["name"]
        (found,) = [item for item in of_kind(objects, "ConfigMap")
                    if item["metadata"]["name"] == name]
        environment |= found["data"]
    return environment | {entry["name"]: entry["value"] for entry in container.get("env", ())}


def selects(selector: dict, labels: dict) -> bool:
    return selector.items() <= labels.items()


def test_manifests_conform(manifests):
    assert problems(manifests) == ""


@pytest.mark.parametrize("broken", [
    lambda text: text.replace("terminationGracePeriodSeconds: 30", "terminationGrace: 30"),
    lambda text: text.replace("runAsNonRoot: true", "runAsNonRoot: maybe"),
    lambda text: text.replace("policyTypes", "policyType"),
])
def test_a_mistake_is_seen(manifests, broken):
    assert broken(manifests) != manifests
    assert problems(broken(manifests)) != ""


def test_overlays_differ_in_what_they_promise():
    def kinds(name):
        text = output_of(tool("kustomize"), "build", OVERLAYS / name)
        return {item["kind"] for item in yaml.safe_load_all(text)}
    everywhere = {"Namespace", "ServiceAccount", "ConfigMap", "Service", "Deployment",
                  "NetworkPolicy"}
    assert kinds("dev") == everywhere | {"PersistentVolumeClaim"}
    assert kinds("prod") == everywhere | {"HorizontalPodAutoscaler", "PodDisruptionBudget", "Job",
                                          "ServiceMonitor", "PrometheusRule"}


def test_pods_are_restricted(objects):
    """The rules of the Pod Security Standard `restricted`, which the namespaces enforce."""
    (namespace,) = of_kind(objects, "Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    for template in pod_templates(objects):
        pod = template["spec"]
        assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["runAsUser"] > 0
        assert pod["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault"
        assert pod["automountServiceAccountToken"] is False
        assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
        for volume in pod["volumes"]:
            assert volume.keys() - {"name"} <= {"secret", "persistentVolumeClaim"}
        for container in pod["containers"]:
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False
            assert context["readOnlyRootFilesystem"] is True
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert {"cpu", "memory"} == container["resources"]["requests"].keys()
            assert "memory" in container["resources"]["limits"]


def test_selectors_find_the_pods(objects):
    labels = server_pod(objects)["metadata"]["labels"]
    ports = {port["name"] for port in server_pod(objects)["spec"]["containers"][0]["ports"]}
    (deployment,) = of_kind(objects, "Deployment")
    assert selects(deployment["spec"]["selector"]["matchLabels"], labels)
    for service in of_kind(objects, "Service"):
        assert selects(service["spec"]["selector"], labels)
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports
    for budget in of_kind(objects, "PodDisruptionBudget"):
        assert selects(budget["spec"]["selector"]["matchLabels"], labels)
    (policy,) = of_kind(objects, "NetworkPolicy")
    for template in pod_templates(objects):
        assert selects(policy["spec"]["podSelector"]["matchLabels"], template["metadata"]["labels"])
    for job in of_kind(objects, "Job"):
        assert not selects(deployment["spec"]["selector"]["matchLabels"],
                           job["spec"]["template"]["metadata"]["labels"])
    for scaler in of_kind(objects, "HorizontalPodAutoscaler"):
        assert scaler["spec"]["scaleTargetRef"]["name"] == deployment["metadata"]["name"]
        assert "replicas" not in deployment["spec"], "each apply would undo the autoscaler"
    for monitor in of_kind(objects, "ServiceMonitor"):
        selector = monitor["spec"]["selector"]["matchLabels"]
        (service,) = [item for item in of_kind(objects, "Service")
                      if selects(selector, item["metadata"]["labels"])]
        scraped = {endpoint["port"] for endpoint in monitor["spec"]["endpoints"]}
        assert scraped <= {port["name"] for port in service["spec"]["ports"]}


def test_probes_do_not_ask_for_store_and_database(objects):
    (container,) = server_pod(objects)["spec"]["containers"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert container["readinessProbe"]["grpc"] == {"port": ports["grpc"]}
    assert container["startupProbe"]["grpc"] == {"port": ports["grpc"]}
    assert container["livenessProbe"]["httpGet"] == {"path": "/livez", "port": "metrics"}


def test_the_kill_comes_after_the_drain(objects):
    pod = server_pod(objects)["spec"]
    (container,) = pod["containers"]
    grace = int(environment_of(objects, container)["SHUTDOWN_GRACE_SECONDS"])
    before = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pod["terminationGracePeriodSeconds"] >= before + grace + 2 + 5


def test_secrets_are_files_and_nothing_else(objects, manifests):
    assert not of_kind(objects, "Secret"), "a secret is made by the operator, never kept here"
    for template in pod_templates(objects):
        (container,) = template["spec"]["containers"]
        for entry in container.get("env", ()):
            assert entry["name"].endswith("_FILE")
            mounts = [mount for mount in container["volumeMounts"]
                      if entry["value"].startswith(mount["mountPath"] + "/")]
            assert mounts and mounts[0]["readOnly"]
            assert pathlib.PurePath(entry["value"]).name in SECRET_KEYS
    for data in (item["data"] for item in of_kind(objects, "ConfigMap")):
        assert not {key for key in data if "PASSWORD" in key or "SECRET" in key or "KEY" in key}


def test_the_server_takes_the_settings(objects, tmp_path):
    """`serve --print-config`, with the environment of the container and its secrets as files."""
    (container,) = server_pod(objects)["spec"]["containers"]
    environment = environment_of(objects, container)
    for key, path in list(environment.items()):
        if key.endswith("_FILE"):
            file = tmp_path / pathlib.PurePath(path).name
            file.write_text(SECRET_KEYS[file.name] + "\n")
            environment[key] = str(file)
    shown = output_of(binary(), *container["args"], "--print-config", env=environment)
    for key, value in environment.items():
        if not key.endswith("_FILE"):
            assert f"{key}={value}" in shown.replace('"', ""), f"{key} has no effect\n{shown}"


def test_documented_secret_has_the_keys():
    page = (REPOSITORY / "docs" / "operations.md").read_text()
    for key in SECRET_KEYS:
        assert f"--from-file={key}" in page or f"--from-literal={key}" in page


def test_prometheus_rule_is_the_alerts():
    alerts = yaml.safe_load((REPOSITORY / "deploy/monitoring/alerts.yaml").read_text())
    rule = yaml.safe_load(
        (REPOSITORY / "deploy/kubernetes/components/monitoring/prometheusrule.yaml").read_text())
    assert rule["spec"] == alerts
