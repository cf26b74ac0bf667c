/// The calls to one dependency that have not ended: how long they take, and how to end them.
#pragma once

#include <atomic>
#include <chrono>
#include <list>
#include <mutex>

#include "base/call_context.h"
#include "base/clock.h"

namespace satchel {

/// Thread-safe.
class CallsInFlight {
  struct Entry {
    CallContext* call;
    Clock::SteadyTime begun_at;
  };

 public:
  /// One call; counted for as long as this lives.
  class Ticket {
   public:
    Ticket(CallsInFlight& calls, CallContext& call, Clock::SteadyTime now);
    ~Ticket();
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;

   private:
    CallsInFlight& calls_;
    std::list<Entry>::iterator entry_;
  };

  /// How long the oldest has been on its way; zero when there is none.
  std::chrono::nanoseconds OldestAge(Clock::SteadyTime now) const;
  void CancelAll();
  /// A call ran out of time, its caller's or its own.
  void NoteTimeout() { timeouts_.store(true, std::memory_order_relaxed); }
  /// Whether one did since the last time this was asked.
  bool TakeTimeouts() { return timeouts_.exchange(false, std::memory_order_relaxed); }

 private:
  mutable std::mutex mutex_;
  std::list<Entry> entries_;  ///< guarded by mutex_; oldest first
  std::atomic<bool> timeouts_{false};
};

}  // namespace satchel
