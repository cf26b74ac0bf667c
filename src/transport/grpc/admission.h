/// Which calls are let in, which are running, and how they end when the server drains.
#pragma once

#include <chrono>
#include <condition_variable>
#include <list>
#include <mutex>
#include <optional>
#include <span>
#include <thread>

#include "base/status.h"

namespace satchel {

/// A running call, as the watcher sees it.
class WatchedCall {
 public:
  virtual ~WatchedCall() = default;
  /// Asked a few times a second, with the lock of Admission held: must be quick.
  virtual void CheckStall(std::chrono::steady_clock::time_point now) = 0;
  /// Ends the call with `status` at its next wait for the client.
  virtual void Interrupt(const Status& status) = 0;
};

/// Thread-safe; outlives all calls. Has a thread of its own that looks for stalls.
class Admission {
 public:
  explicit Admission(int calls_max);
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;

  /// Being in the list of running calls; leaves it when destroyed.
  class Ticket {
   public:
    Ticket() = default;
    Ticket(Ticket&& other) noexcept;
    Ticket& operator=(Ticket&& other) noexcept;
    ~Ticket();

   private:
    friend class Admission;
    Ticket(Admission& admission, std::list<WatchedCall*>::iterator place)
        : admission_(&admission), place_(place) {}
    void Leave();

    Admission* admission_ = nullptr;
    std::list<WatchedCall*>::iterator place_;
  };

  /// SHUTTING_DOWN or SERVER_BUSY when `call` may not run. `call` must outlive the ticket.
  Result<Ticket> Enter(WatchedCall& call);

  /// How many calls are in.
  int running() const;
  /// From now on Enter() refuses.
  void Drain();
  bool draining() const;
  /// True as soon as no call is running, false when some still are at `deadline`.
  bool WaitUntilIdle(std::chrono::steady_clock::time_point deadline);
  /// SHUTTING_DOWN for every running call.
  void InterruptAll();

 private:
  void Watch(std::stop_token stop);

  const int calls_max_;
  mutable std::mutex mutex_;
  std::condition_variable_any idle_;
  std::list<WatchedCall*> calls_;
  bool draining_ = false;
  std::jthread watcher_;  ///< last: it uses all of the above
};

/// Refuses new calls, lets running ones end within `grace`, interrupts the others, and returns when
/// they have ended; or a moment later, when a peer does not take its answer.
void EndCalls(std::span<Admission* const> admissions, std::chrono::milliseconds grace);

/// What a draining server answers.
Status ShuttingDown();

}  // namespace satchel
