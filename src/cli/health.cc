#include "cli/health.h"

#include <google/protobuf/wrappers.pb.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/impl/codegen/proto_utils.h>

#include <nlohmann/json.hpp>
#include <string_view>

#include "cli/connection.h"
#include "cli/error_printer.h"
#include "cli/operation_queue.h"

namespace satchel::cli {
namespace {

constexpr const char* kCheckMethod = "/grpc.health.v1.Health/Check";

// The protocol's messages have one field each, number 1: a string (the service, empty for the whole
// server) and an enumeration. protobuf's own wrappers are the same on the wire.
using HealthCheckRequest = google::protobuf::StringValue;
using HealthCheckResponse = google::protobuf::Int32Value;

constexpr int kServing = 1;

std::string_view StateName(int state) {
  switch (state) {
    case kServing:
      return "SERVING";
    case 2:
      return "NOT_SERVING";
    case 3:
      return "SERVICE_UNKNOWN";
    default:
      return "UNKNOWN";
  }
}

grpc::Status Check(const ServerAddress& address, const ConnectionOptions& options, int* state) {
  grpc::TemplatedGenericStub<HealthCheckRequest, HealthCheckResponse> stub(Connect(address));
  grpc::ClientContext context;
  OperationQueue operations(context, std::chrono::seconds(options.timeout_seconds));
  const auto call =
      stub.PrepareUnaryCall(&context, kCheckMethod, HealthCheckRequest(), operations.queue());
  HealthCheckResponse response;
  grpc::Status status;
  call->StartCall();
  call->Finish(&response, &status, operations.tag());
  operations.Await();
  *state = response.value();
  return operations.Explain(status);
}

}  // namespace

int RunHealth(CliEnvironment& environment) {
  ServerAddress address;
  if (auto error = ResolveServer(environment.connection, &address)) {
    return ReportError(*error, environment);
  }
  int state = 0;
  const grpc::Status status = Check(address, environment.connection, &state);
  if (!status.ok()) return ReportError(ErrorFromCall(status, address), environment);
  const std::string_view name = StateName(state);
  environment.out << (environment.json ? nlohmann::json{{"status", name}}.dump()
                                       : std::string(name))
                  << '\n';
  return state == kServing ? kExitOk : kExitFailed;
}

}  // namespace satchel::cli
