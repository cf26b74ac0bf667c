/// All that stands between the service and one remote dependency.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "ports/dependency_observer.h"
#include "ports/event_log.h"
#include "resilience/call_layer.h"
#include "resilience/call_layers.h"
#include "resilience/calls_in_flight.h"
#include "resilience/circuit_breaker.h"
#include "resilience/start_gate.h"

namespace satchel {

struct DependencyGuardOptions {
  Dependency dependency = Dependency::kDatabase;
  CircuitBreakerOptions breaker;
  TimeLimits limits;
  /// A call that takes longer makes the guard ask whether anybody is there.
  std::chrono::milliseconds suspicious_after{500};
  std::chrono::milliseconds probe_time_max{1000};
  std::chrono::milliseconds tick{100};
};

/// Owns the stack, its breaker, and a thread that probes: to close the breaker again without a
/// caller having to try, and to open it when calls hang instead of failing, which ends them all.
class DependencyGuard {
 public:
  using Probe = std::function<Status(const CallContext& call)>;

  /// `probe` asks the dependency itself. What it is given must outlive the guard.
  DependencyGuard(DependencyGuardOptions options, Probe probe, const Clock& clock, EventLog& log,
                  DependencyObserver& observer);
  /// Ends the thread; all calls must have ended.
  ~DependencyGuard() = default;
  DependencyGuard(const DependencyGuard&) = delete;
  DependencyGuard& operator=(const DependencyGuard&) = delete;

  const CallStack& stack() const { return stack_; }
  /// The dependency has been checked: calls may reach it.
  void Open() { gate_->Open(); }
  bool open() const { return gate_->open(); }
  /// For an operator: calls are told why it was not reached.
  void ExplainClosed(const Status& why);
  /// Asks past the breaker, for who wants to know about the dependency itself; an answer closes the
  /// breaker, so that who is told that it works can use it.
  Status Ask(const CallContext& call);
  BreakerState breaker_state() const { return breaker_.state(); }

 private:
  CallStack MakeStack(DependencyObserver& observer);
  void Watch(const std::stop_token& stop);
  void Look(const std::stop_token& stop);
  Status RunProbe(const std::stop_token& stop) const;
  void Report(BreakerState state, DependencyObserver& observer);

  const DependencyGuardOptions options_;
  const Probe probe_;
  const Clock& clock_;
  EventLog& log_;
  bool reported_open_ = false;  ///< guarded by the breaker's lock
  CircuitBreaker breaker_;
  CallsInFlight calls_;
  StartGate* gate_ = nullptr;  ///< owned by the stack
  const CallStack stack_;
  Clock::SteadyTime looked_at_;  ///< used by the thread only
  std::jthread thread_;          ///< last: it uses all of the above
};

}  // namespace satchel
