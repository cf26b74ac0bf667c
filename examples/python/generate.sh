#!/bin/sh
# Makes the stubs of the API beside this file, or in the folder that is given.
set -eu
cd "$(dirname "$0")"
"${PYTHON:-python3}" -m grpc_tools.protoc -I ../../proto --python_out="${1:-.}" \
  --grpc_python_out="${1:-.}" document/document_service.proto
