"""The messages and stubs of the contract, generated afresh from the .proto of this checkout."""

import atexit
import importlib
import shutil
import sys
import tempfile

from grpc_tools import protoc

from harness.locations import PROTO_ROOT

_generated = tempfile.mkdtemp(prefix="satchel-wire-proto-")
atexit.register(shutil.rmtree, _generated, ignore_errors=True)

_exit_code = protoc.main([
    "protoc",
    f"--proto_path={PROTO_ROOT}",
    f"--python_out={_generated}",
    f"--grpc_python_out={_generated}",
    str(PROTO_ROOT / "document" / "document_service.proto"),
])
if _exit_code != 0:
    raise RuntimeError(f"protoc failed with {_exit_code}")

sys.path.insert(0, _generated)
messages = importlib.import_module("document.document_service_pb2")
services = importlib.import_module("document.document_service_pb2_grpc")

SERVICE = "/document.DocumentService/"
