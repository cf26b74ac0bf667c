"""Manifests held against the schemas of Kubernetes and of the custom resources they use."""

import functools
import json
import pathlib
import re
import tempfile

import yaml

from deployment.tools import CACHE, run, tool


KINDS = ("configmap-v1", "deployment-apps-v1", "horizontalpodautoscaler-autoscaling-v2",
         "job-batch-v1", "namespace-v1", "networkpolicy-networking-v1",
         "persistentvolumeclaim-v1", "poddisruptionbudget-policy-v1", "service-v1",
         "serviceaccount-v1")


def _strict(schema):
    """The schema without room for fields it does not name: an API server's strict mode."""
    if isinstance(schema, list):
        return [_strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("x-kubernetes-int-or-string"):
        return {"oneOf": [{"type": "string"}, {"type": "integer"}]}
    strict = {key: _strict(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object" \
            and not schema.get("x-kubernetes-preserve-unknown-fields"):
        strict.setdefault("additionalProperties", False)
    return strict


def _add_custom_schemas(folder: pathlib.Path) -> None:
    """Schemas of the custom resource definitions in the cache."""
    definitions = sorted((CACHE / "schemas" / "crds").glob("*.yaml"))
    assert definitions, "no custom resource definitions: run tools/bootstrap test"
    for path in definitions:
        spec = yaml.load(path.read_text(), Loader=yaml.CSafeLoader)["spec"]
        for version in spec["versions"]:
            schema = _strict(version["schema"]["openAPIV3Schema"])
            schema["properties"]["metadata"] = {"type": "object"}
            name = f"{spec['names']['kind'].lower()}-{spec['group'].split('.')[0]}"
            (folder / f"{name}-{version['name']}.json").write_text(json.dumps(schema))


REFERENCE = re.compile(r"/api/_definitions\.json#/\$defs/([\w.-]+)")


def _add_kubernetes_schemas(folder: pathlib.Path) -> None:
    """Each kind of Kubernetes with the definitions that it reaches, in a file of its own."""
    shared = json.loads((CACHE / "schemas/kubernetes/_definitions.json").read_text())["$defs"]
    shared = {name: json.dumps(schema) for name, schema in shared.items()}
    for kind in KINDS:
        schema = (CACHE / "schemas/kubernetes" / f"{kind}.json").read_text()
        reached, waiting = {}, set(REFERENCE.findall(schema))
        while waiting:
            name = waiting.pop()
            reached[name] = shared[name]
            waiting |= set(re.findall(r'"#/\$defs/([\w.-]+)"', shared[name])) - reached.keys()
        whole = json.loads(schema.replace("/api/_definitions.json#", "#"))
        whole.pop("$id", None)
        whole["$defs"] = {name: json.loads(text) for name, text in reached.items()}
        (folder / f"{kind}.json").write_text(json.dumps(whole))


@functools.cache
def _schemas() -> tempfile.TemporaryDirectory:
    folder = tempfile.TemporaryDirectory(prefix="satchel-schemas-")
    _add_custom_schemas(pathlib.Path(folder.name))
    _add_kubernetes_schemas(pathlib.Path(folder.name))
    return folder


def problems(manifests: str) -> str:
    """What kubeconform has against these YAML documents; empty when they conform."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(manifests)
        file.flush()
        done = run(tool("kubeconform"), "-strict", "-summary", "-schema-location",
                   _schemas().name + "/{{.ResourceKind}}{{.KindSuffix}}.json", file.name)
    return "" if done.returncode == 0 else done.stdout + done.stderr
