#include "transport/grpc/grpc_status.h"

#include <google/protobuf/duration.pb.h>
#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>

#include "base/text.h"
#include "document/document_service.pb.h"

namespace satchel {
namespace {

constexpr std::size_t kDetailsBytesMax = 2800;
constexpr std::size_t kMessageBytesMax = 400;
constexpr char kResourceType[] = "document";

void AddBadRequest(const Status& status, bool echo, google::rpc::Status& details) {
  if (status.field_violations().empty()) return;
  google::rpc::BadRequest bad_request;
  for (const FieldViolation& violation : status.field_violations()) {
    auto* field = bad_request.add_field_violations();
    field->set_field(violation.field);
    field->set_description(TruncateUtf8(violation.message, kMessageBytesMax));
  }
  details.add_details()->PackFrom(bad_request);
  for (const FieldViolation& violation : status.field_violations()) {
    document::ValidationError error;
    error.set_field(violation.field);
    error.set_message(TruncateUtf8(violation.message, kMessageBytesMax));
    if (echo) error.set_rejected_value(violation.rejected_value);
    details.add_details()->PackFrom(error);
  }
}

void AddQuotaFailure(const Status& status, const std::string& message,
                     google::rpc::Status& details) {
  if (!status.Is(Reason::kQuotaExceeded)) return;
  google::rpc::QuotaFailure failure;
  auto* violation = failure.add_violations();
  violation->set_subject("user:" + TruncateUtf8(status.limited_user(), kEchoedBytesMax));
  violation->set_description(message);
  details.add_details()->PackFrom(failure);
}

void AddResourceInfo(const Status& status, const std::string& message,
                     google::rpc::Status& details) {
  if (status.resource().empty()) return;
  google::rpc::ResourceInfo resource;
  resource.set_resource_type(kResourceType);
  resource.set_resource_name(TruncateUtf8(status.resource(), kEchoedBytesMax));
  resource.set_description(message);
  details.add_details()->PackFrom(resource);
}

void AddRetryInfo(const Status& status, google::rpc::Status& details) {
  if (!status.retry_after()) return;
  const auto milliseconds = status.retry_after()->count();
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(milliseconds / 1000);
  retry.mutable_retry_delay()->set_nanos(static_cast<int>(milliseconds % 1000) * 1'000'000);
  details.add_details()->PackFrom(retry);
}

google::rpc::Status BuildDetails(const Status& status, const std::string& message,
                                 const std::string& request_id, bool echo) {
  google::rpc::Status details;
  details.set_code(static_cast<int>(status.code()));
  details.set_message(message);
  google::rpc::ErrorInfo info;
  info.set_reason(std::string(NameOf(status.reason())));
  info.set_domain(kErrorDomain);
  for (const auto& [key, value] : status.metadata()) {
    (*info.mutable_metadata())[key] = TruncateUtf8(value, kEchoedBytesMax);
  }
  if (status.Is(Reason::kInternal)) (*info.mutable_metadata())["request_id"] = request_id;
  document::ErrorDetails own;
  own.set_error_code(info.reason());
  own.set_error_message(message);
  *own.mutable_details() = info.metadata();
  details.add_details()->PackFrom(info);
  details.add_details()->PackFrom(own);
  AddBadRequest(status, echo, details);
  AddQuotaFailure(status, message, details);
  AddResourceInfo(status, message, details);
  AddRetryInfo(status, details);
  return details;
}

}  // namespace

grpc::Status ToGrpcStatus(const Status& status, const std::string& request_id) {
  if (status.ok()) return grpc::Status::OK;
  // What stays inside the service is a bug when it gets here.
  if (status.Is(Reason::kOutcomeUnknown) || status.Is(Reason::kConfigurationInvalid)) {
    return ToGrpcStatus(InternalError(status.ToString()), request_id);
  }
  const std::string message = TruncateUtf8(status.message(), kMessageBytesMax);
  google::rpc::Status details = BuildDetails(status, message, request_id, true);
  if (details.ByteSizeLong() > kDetailsBytesMax) {
    details = BuildDetails(status, message, request_id, false);
  }
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), message,
                      details.SerializeAsString());
}

}  // namespace satchel
