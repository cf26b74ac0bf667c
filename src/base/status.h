/// Errors as values: one Status for everything that can fail, Result<T> for a value or a Status.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace satchel {

/// gRPC's code numbers (https://grpc.io/docs/guides/status-codes/), so that no table is needed.
enum class StatusCode : std::uint8_t {
  kOk = 0,
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
};

/// The case of an error, as callers see it in google.rpc.ErrorInfo. Each has exactly one
/// StatusCode.
enum class Reason : std::uint8_t {
  kNone,
  kInvalidField,
  kUploadStreamInvalid,
  kFileTypeNotAllowed,
  kContentMismatch,
  kFileTooLarge,
  kSizeMismatch,
  kPageTokenInvalid,
  kOffsetOutOfRange,
  kQuotaExceeded,
  kDocumentNotFound,
  kPermissionDenied,
  kDocumentAlreadyExists,
  kObjectStoreUnavailable,
  kDatabaseUnavailable,
  kUpstreamUnavailable,
  kShuttingDown,
  kServerBusy,
  kMessageTooLarge,
  kDeadlineExceeded,
  kCancelled,
  kChecksumMismatch,
  kUploadAborted,
  kInternal,
  // The following never reach a caller of the API.
  kOutcomeUnknown,        ///< It was asked for, and may or may not have happened.
  kConfigurationInvalid,  ///< The operator's input: configuration, schema, storage folder.
};

StatusCode CodeOf(Reason reason);
/// The reason's name on the wire, e.g. "QUOTA_EXCEEDED"; "" for kNone.
std::string_view NameOf(Reason reason);
/// The code's name, e.g. "NOT_FOUND".
std::string_view NameOf(StatusCode code);

/// One bad field of a request.
struct FieldViolation {
  std::string field;
  std::string message;
  std::string rejected_value;

  bool operator==(const FieldViolation&) const = default;
};

/// OK, or a reason with what the caller needs to act on it. Cheap to copy; immutable once shared.
class [[nodiscard]] Status {
 public:
  /// OK.
  Status() = default;
  Status(Reason reason, std::string message);

  bool ok() const { return error_ == nullptr; }
  StatusCode code() const { return CodeOf(reason()); }
  Reason reason() const { return error_ ? error_->reason : Reason::kNone; }
  bool Is(Reason reason_asked) const { return reason() == reason_asked; }
  /// For the caller: what went wrong and what to do.
  const std::string& message() const;
  /// For the log only: the foreign error below (errno, SQL, HTTP). May be empty.
  const std::string& cause() const;
  const std::map<std::string, std::string>& metadata() const;
  const std::vector<FieldViolation>& field_violations() const;
  /// Id of the document that the error is about, as it was asked for; empty when there is none.
  const std::string& resource() const;
  /// Id of the user whose limit was hit; empty when there is none.
  const std::string& limited_user() const;
  std::optional<std::chrono::milliseconds> retry_after() const;

  // Each adds one detail; no effect on OK.
  Status WithCause(std::string cause) const;
  Status WithMetadata(std::string key, std::string value) const;
  Status WithField(std::string field, std::string message, std::string_view rejected_value) const;
  Status WithResource(std::string document_id) const;
  Status WithLimitedUser(std::string user_id) const;
  Status WithRetryAfter(std::chrono::milliseconds delay) const;
  /// Puts "`context`: " before the message.
  Status WithContext(std::string_view context) const;

  /// For logs and the command line: "CODE (REASON): message [cause]".
  std::string ToString() const;

 private:
  struct Error {
    Reason reason = Reason::kNone;
    std::string message;
    std::string cause;
    std::map<std::string, std::string> metadata;
    std::vector<FieldViolation> field_violations;
    std::string resource;
    std::string limited_user;
    std::optional<std::chrono::milliseconds> retry_after;
  };

  template <typename Change>
  Status Changed(Change&& change) const;

  std::shared_ptr<const Error> error_;
};

/// INVALID_FIELD for one field.
Status InvalidField(std::string_view field, std::string_view rule, std::string_view rejected_value);
/// INTERNAL: a bug. The caller sees no inner text; `cause` goes to the log.
Status InternalError(std::string cause);
/// CONFIGURATION_INVALID: stops the start with `message`.
Status ConfigurationError(std::string message);

/// A T or the Status that says why there is none. Never holds an OK status.
template <typename T>
class [[nodiscard]] Result {
 public:
  // Implicit on purpose: `return value;` and `return status;` both read naturally.
  Result(T value) : state_(std::move(value)) {}  // NOLINT(google-explicit-constructor)
  Result(Status status) : state_(NeverOk(std::move(status))) {}  // NOLINT

  bool ok() const { return std::holds_alternative<T>(state_); }
  Status status() const { return ok() ? Status() : std::get<Status>(state_); }

  // Precondition: ok().
  T& value() & { return std::get<T>(state_); }
  const T& value() const& { return std::get<T>(state_); }
  T&& value() && { return std::get<T>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  static Status NeverOk(Status status) {
    return status.ok() ? InternalError("a Result was made from an OK status") : std::move(status);
  }

  std::variant<Status, T> state_;
};

}  // namespace satchel

#define SATCHEL_CONCAT_INNER(a, b) a##b
#define SATCHEL_CONCAT(a, b) SATCHEL_CONCAT_INNER(a, b)

#define SATCHEL_RETURN_IF_ERROR_IMPL(name, keyword, expression)          \
  do {                                                                   \
    if (::satchel::Status name = (expression); !name.ok()) keyword name; \
  } while (false)
#define SATCHEL_ASSIGN_IMPL(name, keyword, target, expression) \
  auto name = (expression);                                    \
  if (!name.ok()) keyword name.status();                       \
  target = std::move(name).value()

/// Leaves the function with the expression's status unless it is OK.
#define SATCHEL_RETURN_IF_ERROR(expression) \
  SATCHEL_RETURN_IF_ERROR_IMPL(SATCHEL_CONCAT(status_, __LINE__), return, expression)
/// Assigns the Result's value to `target`, or leaves the function with its status.
#define SATCHEL_ASSIGN_OR_RETURN(target, expression) \
  SATCHEL_ASSIGN_IMPL(SATCHEL_CONCAT(result_, __LINE__), return, target, expression)
/// The same inside a coroutine.
#define SATCHEL_CO_RETURN_IF_ERROR(expression) \
  SATCHEL_RETURN_IF_ERROR_IMPL(SATCHEL_CONCAT(status_, __LINE__), co_return, expression)
#define SATCHEL_CO_ASSIGN_OR_RETURN(target, expression) \
  SATCHEL_ASSIGN_IMPL(SATCHEL_CONCAT(result_, __LINE__), co_return, target, expression)
