#include "cli/command_error.h"

#include <document/document_service.pb.h>
#include <google/protobuf/any.pb.h>
#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>

#include <system_error>
#include <utility>

namespace satchel::cli {
namespace {

constexpr std::string_view kErrorDomain = "document.satchel";

std::string CodeName(grpc::StatusCode code) {
  if (code == grpc::StatusCode::UNAUTHENTICATED) return "UNAUTHENTICATED";
  const std::string_view name = NameOf(static_cast<StatusCode>(code));
  return name.empty() ? "UNKNOWN" : std::string(name);
}

void DecodeInfo(const google::rpc::ErrorInfo& info, CommandError* error) {
  if (info.domain() != kErrorDomain) return;
  error->reason = info.reason();
  error->metadata = {info.metadata().begin(), info.metadata().end()};
}

void DecodeRetry(const google::rpc::RetryInfo& retry, CommandError* error) {
  const auto delay = std::chrono::seconds(retry.retry_delay().seconds()) +
                     std::chrono::nanoseconds(retry.retry_delay().nanos());
  error->retry_after = std::chrono::ceil<std::chrono::milliseconds>(delay);
}

// The field violations come twice: the standard ones without the rejected values, ours with them.
void DecodeDetails(const google::rpc::Status& status, CommandError* error) {
  std::vector<FieldViolation> standard;
  for (const google::protobuf::Any& any : status.details()) {
    google::rpc::ErrorInfo info;
    google::rpc::RetryInfo retry;
    google::rpc::BadRequest bad_request;
    google::rpc::ResourceInfo resource;
    document::ValidationError violation;
    if (any.UnpackTo(&info)) {
      DecodeInfo(info, error);
    } else if (any.UnpackTo(&retry)) {
      DecodeRetry(retry, error);
    } else if (any.UnpackTo(&resource)) {
      error->resource = resource.resource_name();
    } else if (any.UnpackTo(&violation)) {
      error->field_violations.push_back(
          {violation.field(), violation.message(), violation.rejected_value()});
    } else if (any.UnpackTo(&bad_request)) {
      for (const auto& field : bad_request.field_violations()) {
        standard.push_back({field.field(), field.description(), ""});
      }
    }
  }
  if (error->field_violations.empty()) error->field_violations = std::move(standard);
}

int ExitCodeOfCall(grpc::StatusCode code, const CommandError& error) {
  if (error.retry_after || code == grpc::StatusCode::DEADLINE_EXCEEDED) return kExitTryAgain;
  if (code == grpc::StatusCode::UNAVAILABLE && error.reason.empty()) return kExitUnreachable;
  return kExitFailed;
}

}  // namespace

CommandError LocalError(std::string message) { return {.message = std::move(message)}; }

CommandError SystemError(std::string_view doing, int error_number) {
  return LocalError(std::string(doing) + ": " + std::generic_category().message(error_number));
}

CommandError UsageError(std::string message) {
  return {.exit_code = kExitUsage, .message = std::move(message)};
}

CommandError ErrorFromStatus(const Status& status) {
  CommandError error;
  error.code = NameOf(status.code());
  error.reason = NameOf(status.reason());
  error.message = status.message();
  if (!status.cause().empty()) error.message += " (" + status.cause() + ")";
  error.field_violations = status.field_violations();
  error.metadata = status.metadata();
  error.resource = status.resource();
  error.retry_after = status.retry_after();
  if (status.Is(Reason::kDatabaseUnavailable)) {
    error.exit_code = kExitUnreachable;
  } else if (status.retry_after() || status.Is(Reason::kDeadlineExceeded)) {
    error.exit_code = kExitTryAgain;
  }
  return error;
}

CommandError ErrorFromCall(const grpc::Status& status, std::string_view server) {
  CommandError error;
  error.code = CodeName(status.error_code());
  error.message = status.error_message();
  google::rpc::Status details;
  if (details.ParseFromString(status.error_details())) DecodeDetails(details, &error);
  error.exit_code = ExitCodeOfCall(status.error_code(), error);
  if (error.exit_code == kExitUnreachable) {
    error.message = "cannot reach " + std::string(server) + ": " + error.message;
  }
  return error;
}

int WorseExitCode(int left, int right) {
  for (const int code : {kExitUsage, kExitFailed, kExitUnreachable, kExitTryAgain}) {
    if (left == code || right == code) return code;
  }
  return kExitOk;
}

}  // namespace satchel::cli
