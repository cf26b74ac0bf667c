#include "adapters/sql/sql_connection.h"

#include <chrono>

namespace satchel {
namespace {

constexpr std::chrono::seconds kRetrySoon{1};
/// Time for an operator, and the mark of what is no outage.
constexpr std::chrono::seconds kRetryWhenRepaired{30};

}  // namespace

Status ToStatus(const SqlError& error) {
  switch (error.failure) {
    case SqlFailure::kUnavailable:
    case SqlFailure::kRetryable:
      return Status(Reason::kDatabaseUnavailable, "the database is not available; try again later")
          .WithCause(error.text)
          .WithRetryAfter(kRetrySoon);
    case SqlFailure::kFull:
      return Status(Reason::kDatabaseUnavailable, "the database's disk is full")
          .WithCause(error.text)
          .WithRetryAfter(kRetryWhenRepaired);
    case SqlFailure::kCorrupt:
      return Status(Reason::kDatabaseUnavailable, "the database is damaged")
          .WithCause(error.text)
          .WithRetryAfter(kRetryWhenRepaired);
    case SqlFailure::kReadOnly:
      return Status(Reason::kDatabaseUnavailable, "the database is read-only now")
          .WithCause(error.text)
          .WithRetryAfter(kRetryWhenRepaired);
    case SqlFailure::kDenied:
      return ConfigurationError("the database's user lacks a right (" + error.text +
                                "): give it those of deploy/mysql/accounts.sql");
    case SqlFailure::kOutcomeUnknown:
      return Status(Reason::kOutcomeUnknown, "the database did not say whether it committed")
          .WithCause(error.text);
    case SqlFailure::kInterrupted:
      return Status(Reason::kDeadlineExceeded, "the database took longer than the call may take")
          .WithCause(error.text);
    case SqlFailure::kUniqueViolation:
    case SqlFailure::kOther:
      break;
  }
  return InternalError(error.text);
}

}  // namespace satchel
