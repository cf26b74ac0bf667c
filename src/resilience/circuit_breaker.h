/// Stops asking a dependency that does not answer, until it answers a probe.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>

#include "base/clock.h"
#include "ports/dependency_observer.h"

namespace satchel {

struct CircuitBreakerOptions {
  int failures_max = 5;  ///< in a row; then it opens
  std::chrono::milliseconds open_for{2000};
};

/// Closed: calls pass. Open: they are refused until its time is over. Half open: one probe is on
/// its way, and decides. Callers are never the probe: who asks while it is not closed is refused at
/// once.
///
/// Thread-safe. Makes no calls and has no thread of its own.
class CircuitBreaker {
 public:
  /// Called with the lock held, so that changes are told in their order: it must not ask back.
  using OnChange = std::function<void(BreakerState state)>;

  /// `clock` must outlive it.
  CircuitBreaker(CircuitBreakerOptions options, const Clock& clock, OnChange on_change);

  /// nullopt: the call may be made. Else how long until it is worth asking again.
  std::optional<std::chrono::milliseconds> Refuses() const;
  // What became of a call; of no account unless closed.
  void Succeeded();
  void Failed();
  /// Opens now, whatever was counted; no effect unless closed.
  void Trip();

  /// true: the open time is over, and the caller alone is to probe and then to call EndProbe().
  bool BeginProbe();
  void EndProbe(bool succeeded);
  /// Somebody else learned that the dependency works: closes at once.
  void Answered();

  BreakerState state() const;
  /// Calls that have succeeded so far.
  std::uint64_t successes() const;

 private:
  void Open();
  void Close();
  void ChangeTo(BreakerState state);

  const CircuitBreakerOptions options_;
  const Clock& clock_;
  const OnChange on_change_;

  mutable std::mutex mutex_;  ///< guards what follows
  BreakerState state_ = BreakerState::kClosed;
  int failures_ = 0;  ///< in a row
  std::uint64_t successes_ = 0;
  Clock::SteadyTime open_until_;
};

}  // namespace satchel
