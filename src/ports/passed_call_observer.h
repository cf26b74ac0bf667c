/// Port: told how each call ended that was passed to the upstream server; feeds the metrics.
#pragma once

#include <chrono>

#include "base/status.h"

namespace satchel {

/// Thread-safe; never blocks.
class PassedCallObserver {
 public:
  virtual ~PassedCallObserver() = default;
  virtual void PassedCallStarted() = 0;
  /// `code` is what the caller got, from the upstream or from here; one that is no code of gRPC's
  /// comes as kUnknown.
  virtual void PassedCallEnded(StatusCode code, std::chrono::nanoseconds duration) = 0;
};

}  // namespace satchel
