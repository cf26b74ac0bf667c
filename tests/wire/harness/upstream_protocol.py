"""Messages and stubs of the services behind UPSTREAM_GRPC, generated afresh."""

import atexit
import importlib
import pathlib
import shutil
import sys
import tempfile

from grpc_tools import protoc

_sources = pathlib.Path(__file__).resolve().parents[1] / "proto"
_generated = tempfile.mkdtemp(prefix="satchel-wire-upstream-")
atexit.register(shutil.rmtree, _generated, ignore_errors=True)

_exit_code = protoc.main([
    "protoc", f"--proto_path={_sources}", f"--python_out={_generated}",
    f"--grpc_python_out={_generated}", *(str(path) for path in sorted(_sources.glob("*.proto")))])
if _exit_code != 0:
    raise RuntimeError(f"protoc failed with {_exit_code}")

sys.path.insert(0, _generated)
ai = importlib.import_module("ai_service_pb2")
ai_services = importlib.import_module("ai_service_pb2_grpc")
probe = importlib.import_module("probe_pb2")
probe_services = importlib.import_module("probe_pb2_grpc")
