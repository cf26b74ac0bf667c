/// A clock that moves only when a test moves it.
#pragma once

#include <chrono>
#include <mutex>

#include "base/clock.h"

namespace satchel {

/// Thread-safe.
class ManualClock final : public Clock {
 public:
  Timestamp WallNow() const override {
    const std::lock_guard lock(mutex_);
    return wall_;
  }
  SteadyTime SteadyNow() const override {
    const std::lock_guard lock(mutex_);
    return steady_;
  }
  void Advance(std::chrono::milliseconds duration) {
    const std::lock_guard lock(mutex_);
    wall_ += duration;
    steady_ += duration;
  }
  /// What an operator or a time server does: only what is shown jumps.
  void JumpWall(std::chrono::milliseconds duration) {
    const std::lock_guard lock(mutex_);
    wall_ += duration;
  }

 private:
  mutable std::mutex mutex_;
  Timestamp wall_ = std::chrono::sys_days(std::chrono::March / 1 / 2026) + std::chrono::hours(12);
  // From the real one, since a CallContext compares deadlines with that.
  SteadyTime steady_ = std::chrono::steady_clock::now();
};

}  // namespace satchel
