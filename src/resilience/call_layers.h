/// The layers of which dependency_guard.h makes a stack.
#pragma once

#include <chrono>
#include <string_view>

#include "base/clock.h"
#include "ports/dependency_observer.h"
#include "resilience/call_layer.h"
#include "resilience/calls_in_flight.h"
#include "resilience/circuit_breaker.h"

namespace satchel {

/// Refuses calls while the breaker is not closed, tells it how the others end, and says in each
/// refusal when to try again.
class BreakerLayer final : public CallLayer {
 public:
  /// What it is given must outlive it.
  BreakerLayer(Dependency dependency, CircuitBreaker& breaker, const Clock& clock)
      : dependency_(dependency), breaker_(breaker), clock_(clock) {}

  std::string_view name() const override { return "breaker"; }
  Status Run(const CallContext& call, CallLength length, const Next& next) override;

 private:
  const Dependency dependency_;
  CircuitBreaker& breaker_;
  const Clock& clock_;
};

/// Tells the observer how long each call took and how it ended.
class MeteringLayer final : public CallLayer {
 public:
  /// What it is given must outlive it.
  MeteringLayer(Dependency dependency, const Clock& clock, DependencyObserver& observer)
      : dependency_(dependency), clock_(clock), observer_(observer) {}

  std::string_view name() const override { return "metering"; }
  Status Run(const CallContext& call, CallLength length, const Next& next) override;

 private:
  const Dependency dependency_;
  const Clock& clock_;
  DependencyObserver& observer_;
};

struct TimeLimits {
  std::chrono::milliseconds short_call{10'000};
  std::chrono::milliseconds transfer{60'000};
  std::chrono::milliseconds scan{600'000};

  std::chrono::milliseconds Of(CallLength length) const;
};

/// Gives each call a time of its own, within its caller's, and lets `calls` end it earlier. Both
/// are an outage, unless the caller itself has gone or run out of time.
class TimeLimitLayer final : public CallLayer {
 public:
  /// What it is given must outlive it.
  TimeLimitLayer(Dependency dependency, TimeLimits limits, const Clock& clock, CallsInFlight& calls)
      : dependency_(dependency), limits_(limits), clock_(clock), calls_(calls) {}

  std::string_view name() const override { return "time-limit"; }
  Status Run(const CallContext& call, CallLength length, const Next& next) override;

 private:
  const Dependency dependency_;
  const TimeLimits limits_;
  const Clock& clock_;
  CallsInFlight& calls_;
};

}  // namespace satchel
