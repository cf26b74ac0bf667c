#!/bin/sh
# Makes the package documentpb from the API. Needs protoc, and on the PATH:
#   go install google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.12
#   go install google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.2
set -eu
cd "$(dirname "$0")"
package="Mdocument/document_service.proto=example.com/documents/documentpb"
protoc -I ../../proto --go_out="${1:-.}" --go_opt=module=example.com/documents --go_opt="$package" \
  --go-grpc_out="${1:-.}" --go-grpc_opt=module=example.com/documents --go-grpc_opt="$package" \
  document/document_service.proto
