/// How often, and after which pauses, a request is repeated.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <random>

#include "base/call_context.h"
#include "base/status.h"

namespace satchel {

/// Waiting and chance as a dependency, so that tests own them. Thread-safe.
class Pauses {
 public:
  virtual ~Pauses() = default;
  /// Returns after `duration`, or earlier with CANCELLED or DEADLINE_EXCEEDED.
  virtual Status Wait(const CallContext& call, std::chrono::milliseconds duration) = 0;
  /// Uniform in [0, 1).
  virtual double Random() = 0;
};

class SystemPauses final : public Pauses {
 public:
  SystemPauses() : generator_(std::random_device()()) {}
  /// Notices a cancellation within 50 ms.
  Status Wait(const CallContext& call, std::chrono::milliseconds duration) override;
  double Random() override;

 private:
  std::mutex mutex_;
  std::mt19937_64 generator_;  // guarded by mutex_
};

/// The pauses of one operation: exponential, each anywhere between half and the whole of it.
class Backoff {
 public:
  static constexpr int kRetriesMax = 3;

  explicit Backoff(Pauses& pauses) : pauses_(pauses) {}

  /// Waits before the next try. False: there shall be none, because all are used up or the call has
  /// no time left for it.
  bool Next(const CallContext& call);
  /// Something was gained: all tries are there again.
  void Restart() { retries_ = 0; }

 private:
  Pauses& pauses_;
  int retries_ = 0;
};

}  // namespace satchel
