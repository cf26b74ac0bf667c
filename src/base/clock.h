/// Time as a dependency, so that tests own it.
#pragma once

#include <chrono>

#include "base/time.h"

namespace satchel {

/// Thread-safe.
class Clock {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;

  virtual ~Clock() = default;
  /// For times that are stored or shown; may jump.
  virtual Timestamp WallNow() const = 0;
  /// For deadlines and durations; never goes back.
  virtual SteadyTime SteadyNow() const = 0;
};

/// The machine's clocks.
class SystemClock final : public Clock {
 public:
  Timestamp WallNow() const override {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  }
  SteadyTime SteadyNow() const override { return std::chrono::steady_clock::now(); }
};

}  // namespace satchel
