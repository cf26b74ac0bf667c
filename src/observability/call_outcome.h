/// Whose fault it was that a call failed: one rule for the metrics and the log.
#pragma once

#include <cstdint>

#include "ports/call_observer.h"

namespace satchel {

enum class CallOutcome : std::uint8_t {
  kOk,
  /// The request cannot be served as it is, or the caller cancelled or stalled.
  kCallerFault,
  /// The service could not do what it is there for. That includes SHUTTING_DOWN and SERVER_BUSY:
  /// planned or not, the caller did nothing wrong and was turned away.
  kFailure,
};

CallOutcome OutcomeOf(const CallRecord& record);

}  // namespace satchel
