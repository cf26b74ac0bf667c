#!/bin/sh
# Makes the package documentpb from the API. Needs protoc, and the two plugins it names when missing.
set -eu
cd "$(dirname "$0")"
need() {
  command -v "$1" >/dev/null || {
    echo "$1 is not on the PATH: go install $2, and add \$(go env GOPATH)/bin to the PATH" >&2
    exit 1
  }
}
need protoc-gen-go google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.12
need protoc-gen-go-grpc google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.2
package="Mdocument/document_service.proto=example.com/documents/documentpb"
protoc -I ../../proto --go_out="${1:-.}" --go_opt=module=example.com/documents --go_opt="$package" \
  --go-grpc_out="${1:-.}" --go-grpc_opt=module=example.com/documents --go-grpc_opt="$package" \
  document/document_service.proto
