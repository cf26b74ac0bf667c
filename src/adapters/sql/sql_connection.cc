#include "adapters/sql/sql_connection.h"

#include <chrono>

namespace satchel {
namespace {

constexpr std::chrono::seconds kRetrySoon{1};
constexpr std::chrono::seconds kRetryWhenSpaceIsFreed{30};

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
          .WithRetryAfter(kRetryWhenSpaceIsFreed);
    case SqlFailure::kCorrupt:
      return Status(Reason::kDatabaseUnavailable, "the database is damaged")
          .WithCause(error.text)
          .WithRetryAfter(kRetryWhenSpaceIsFreed);
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
