#include "resilience/calls_in_flight.h"

namespace satchel {

CallsInFlight::Ticket::Ticket(CallsInFlight& calls, CallContext& call, Clock::SteadyTime now)
    : calls_(calls) {
  const std::lock_guard lock(calls_.mutex_);
  entry_ = calls_.entries_.insert(calls_.entries_.end(), Entry{&call, now});
}

CallsInFlight::Ticket::~Ticket() {
  const std::lock_guard lock(calls_.mutex_);
  calls_.entries_.erase(entry_);
}

std::chrono::nanoseconds CallsInFlight::OldestAge(Clock::SteadyTime now) const {
  const std::lock_guard lock(mutex_);
  if (entries_.empty()) return std::chrono::nanoseconds(0);
  return now - entries_.front().begun_at;
}

void CallsInFlight::CancelAll() {
  const std::lock_guard lock(mutex_);
  for (const Entry& entry : entries_) entry.call->Cancel();
}

}  // namespace satchel
