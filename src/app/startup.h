/// The checks before the first call: at once where store and database are there, else when they
/// come.
#pragma once

#include <functional>
#include <thread>

#include "app/backend.h"
#include "base/clock.h"
#include "base/status.h"
#include "core/sweeper.h"
#include "ports/event_log.h"
#include "ports/sweep_observer.h"

namespace satchel {

/// What a Startup uses and does not own; all of it outlives it.
struct StartupDependencies {
  Backend& backend;
  const Clock& clock;
  EventLog& log;
  SweepObserver& observer;
  SweeperOptions sweeping;
};

/// Checks the backend, ends what dead uploads have left, and opens it. One thread at a time.
class Startup {
 public:
  explicit Startup(StartupDependencies dependencies) : given_(std::move(dependencies)) {}

  /// One try. An error that IsAway() (resilience/unavailable.h): try again later; another one stops
  /// the process.
  Status Try(const CallContext& call);

 private:
  const StartupDependencies given_;
};

/// Tries on a thread of its own until the backend is open or a check has failed.
class LaterStartup {
 public:
  using OnOpen = std::function<void()>;
  using OnFailed = std::function<void(const Status& why)>;

  /// One of the two is called, once, unless it is destroyed before. `startup` must outlive it.
  LaterStartup(Startup& startup, OnOpen on_open, OnFailed on_failed);
  ~LaterStartup() = default;
  LaterStartup(const LaterStartup&) = delete;
  LaterStartup& operator=(const LaterStartup&) = delete;

 private:
  void Repeat(const std::stop_token& stop);

  Startup& startup_;
  const OnOpen on_open_;
  const OnFailed on_failed_;
  std::jthread thread_;  ///< last: it uses all of the above
};

}  // namespace satchel
