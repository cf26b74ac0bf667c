/// Writes to the database that may simply be repeated when their answer was lost.
#pragma once

#include <chrono>

#include "base/status.h"

namespace satchel {

/// What `write`, a function that returns a Status and that does nothing a second time, comes to: it
/// is repeated while its outcome is unknown, and DATABASE_UNAVAILABLE when it stays so.
template <typename Write>
Status RepeatUntilKnown(const Write& write) {
  constexpr int kTriesMax = 3;
  Status status = write();
  for (int tries = 1; tries < kTriesMax && status.Is(Reason::kOutcomeUnknown); ++tries) {
    status = write();
  }
  if (!status.Is(Reason::kOutcomeUnknown)) return status;
  return Status(Reason::kDatabaseUnavailable,
                "the database went away; whether it changed is not known; try again")
      .WithCause(status.ToString())
      .WithRetryAfter(std::chrono::seconds(1));
}

}  // namespace satchel
