#include "base/status.h"

#include <array>

#include "base/text.h"

namespace satchel {
namespace {

struct ReasonEntry {
  Reason reason;
  StatusCode code;
  std::string_view name;
};

constexpr std::array kReasons = {
    ReasonEntry{Reason::kNone, StatusCode::kOk, ""},
    ReasonEntry{Reason::kInvalidField, StatusCode::kInvalidArgument, "INVALID_FIELD"},
    ReasonEntry{Reason::kUploadStreamInvalid, StatusCode::kInvalidArgument,
                "UPLOAD_STREAM_INVALID"},
    ReasonEntry{Reason::kFileTypeNotAllowed, StatusCode::kInvalidArgument, "FILE_TYPE_NOT_ALLOWED"},
    ReasonEntry{Reason::kContentMismatch, StatusCode::kInvalidArgument, "CONTENT_MISMATCH"},
    ReasonEntry{Reason::kFileTooLarge, StatusCode::kInvalidArgument, "FILE_TOO_LARGE"},
    ReasonEntry{Reason::kSizeMismatch, StatusCode::kInvalidArgument, "SIZE_MISMATCH"},
    ReasonEntry{Reason::kPageTokenInvalid, StatusCode::kInvalidArgument, "PAGE_TOKEN_INVALID"},
    ReasonEntry{Reason::kOffsetOutOfRange, StatusCode::kOutOfRange, "OFFSET_OUT_OF_RANGE"},
    ReasonEntry{Reason::kQuotaExceeded, StatusCode::kResourceExhausted, "QUOTA_EXCEEDED"},
    ReasonEntry{Reason::kDocumentNotFound, StatusCode::kNotFound, "DOCUMENT_NOT_FOUND"},
    ReasonEntry{Reason::kPermissionDenied, StatusCode::kPermissionDenied, "PERMISSION_DENIED"},
    ReasonEntry{Reason::kDocumentAlreadyExists, StatusCode::kAlreadyExists,
                "DOCUMENT_ALREADY_EXISTS"},
    ReasonEntry{Reason::kObjectStoreUnavailable, StatusCode::kUnavailable,
                "OBJECT_STORE_UNAVAILABLE"},
    ReasonEntry{Reason::kDatabaseUnavailable, StatusCode::kUnavailable, "DATABASE_UNAVAILABLE"},
    ReasonEntry{Reason::kUpstreamUnavailable, StatusCode::kUnavailable, "UPSTREAM_UNAVAILABLE"},
    ReasonEntry{Reason::kShuttingDown, StatusCode::kUnavailable, "SHUTTING_DOWN"},
    ReasonEntry{Reason::kServerBusy, StatusCode::kUnavailable, "SERVER_BUSY"},
    ReasonEntry{Reason::kMessageTooLarge, StatusCode::kResourceExhausted, "MESSAGE_TOO_LARGE"},
    ReasonEntry{Reason::kDeadlineExceeded, StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED"},
    ReasonEntry{Reason::kCancelled, StatusCode::kCancelled, "CANCELLED"},
    ReasonEntry{Reason::kChecksumMismatch, StatusCode::kDataLoss, "CHECKSUM_MISMATCH"},
    ReasonEntry{Reason::kUploadAborted, StatusCode::kAborted, "UPLOAD_ABORTED"},
    ReasonEntry{Reason::kInternal, StatusCode::kInternal, "INTERNAL"},
    ReasonEntry{Reason::kOutcomeUnknown, StatusCode::kUnknown, "OUTCOME_UNKNOWN"},
    ReasonEntry{Reason::kConfigurationInvalid, StatusCode::kFailedPrecondition,
                "CONFIGURATION_INVALID"},
};

constexpr bool TableFollowsEnum() {
  for (std::size_t i = 0; i < kReasons.size(); ++i) {
    if (static_cast<std::size_t>(kReasons[i].reason) != i) return false;
  }
  return true;
}
static_assert(TableFollowsEnum());

const std::string kEmptyText;
const std::map<std::string, std::string> kNoMetadata;
const std::vector<FieldViolation> kNoViolations;

constexpr std::array<std::string_view, 16> kCodeNames = {
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS"};

}  // namespace

StatusCode CodeOf(Reason reason) { return kReasons[static_cast<std::size_t>(reason)].code; }

std::string_view NameOf(Reason reason) { return kReasons[static_cast<std::size_t>(reason)].name; }

std::string_view NameOf(StatusCode code) { return kCodeNames[static_cast<std::size_t>(code)]; }

Status::Status(Reason reason, std::string message) {
  if (reason == Reason::kNone) return;
  auto error = std::make_shared<Error>();
  error->reason = reason;
  error->message = std::move(message);
  error_ = std::move(error);
}

const std::string& Status::message() const { return error_ ? error_->message : kEmptyText; }
const std::string& Status::cause() const { return error_ ? error_->cause : kEmptyText; }
const std::map<std::string, std::string>& Status::metadata() const {
  return error_ ? error_->metadata : kNoMetadata;
}
const std::vector<FieldViolation>& Status::field_violations() const {
  return error_ ? error_->field_violations : kNoViolations;
}
const std::string& Status::resource() const { return error_ ? error_->resource : kEmptyText; }
const std::string& Status::limited_user() const {
  return error_ ? error_->limited_user : kEmptyText;
}
std::optional<std::chrono::milliseconds> Status::retry_after() const {
  return error_ ? error_->retry_after : std::nullopt;
}

template <typename Change>
Status Status::Changed(Change&& change) const {
  if (ok()) return *this;
  auto error = std::make_shared<Error>(*error_);
  change(*error);
  Status changed;
  changed.error_ = std::move(error);
  return changed;
}

Status Status::WithCause(std::string cause) const {
  return Changed([&](Error& error) { error.cause = std::move(cause); });
}

Status Status::WithMetadata(std::string key, std::string value) const {
  return Changed([&](Error& error) { error.metadata[std::move(key)] = std::move(value); });
}

Status Status::WithField(std::string field, std::string message,
                         std::string_view rejected_value) const {
  return Changed([&](Error& error) {
    error.field_violations.push_back(
        {std::move(field), std::move(message), TruncateUtf8(rejected_value, kEchoedBytesMax)});
  });
}

Status Status::WithResource(std::string document_id) const {
  return Changed([&](Error& error) { error.resource = std::move(document_id); });
}

Status Status::WithLimitedUser(std::string user_id) const {
  return Changed([&](Error& error) { error.limited_user = std::move(user_id); });
}

Status Status::WithRetryAfter(std::chrono::milliseconds delay) const {
  return Changed([&](Error& error) { error.retry_after = delay; });
}

Status Status::WithContext(std::string_view context) const {
  return Changed(
      [&](Error& error) { error.message = std::string(context) + ": " + error.message; });
}

std::string Status::ToString() const {
  if (ok()) return "OK";
  std::string text(NameOf(code()));
  text.append(" (").append(NameOf(reason())).append("): ").append(message());
  if (!cause().empty()) text.append(" [").append(cause()).append("]");
  return text;
}

Status InvalidField(std::string_view field, std::string_view rule,
                    std::string_view rejected_value) {
  return Status(Reason::kInvalidField, std::string(field) + " " + std::string(rule))
      .WithField(std::string(field), std::string(rule), rejected_value);
}

Status InternalError(std::string cause) {
  return Status(Reason::kInternal, "internal error; the server's log has it under the request id")
      .WithCause(std::move(cause));
}

Status ConfigurationError(std::string message) {
  return Status(Reason::kConfigurationInvalid, std::move(message));
}

}  // namespace satchel
