#include "resilience/circuit_breaker.h"

#include <algorithm>
#include <utility>

namespace satchel {
namespace {

using namespace std::chrono_literals;

/// A probe is on its way, or about to be: its answer takes about this long.
constexpr std::chrono::milliseconds kProbeTime = 500ms;

}  // namespace

CircuitBreaker::CircuitBreaker(CircuitBreakerOptions options, const Clock& clock,
                               OnChange on_change)
    : options_(options), clock_(clock), on_change_(std::move(on_change)) {}

std::optional<std::chrono::milliseconds> CircuitBreaker::Refuses() const {
  const std::lock_guard lock(mutex_);
  if (state_ == BreakerState::kClosed) return std::nullopt;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(open_until_ - clock_.SteadyNow());
  return std::max(left, kProbeTime);
}

void CircuitBreaker::Succeeded() {
  const std::lock_guard lock(mutex_);
  ++successes_;
  failures_ = 0;
}

void CircuitBreaker::Failed() {
  const std::lock_guard lock(mutex_);
  if (state_ == BreakerState::kClosed && ++failures_ >= options_.failures_max) Open();
}

void CircuitBreaker::Trip() {
  const std::lock_guard lock(mutex_);
  if (state_ == BreakerState::kClosed) Open();
}

bool CircuitBreaker::BeginProbe() {
  const std::lock_guard lock(mutex_);
  if (state_ != BreakerState::kOpen || clock_.SteadyNow() < open_until_) return false;
  ChangeTo(BreakerState::kHalfOpen);
  return true;
}

void CircuitBreaker::EndProbe(bool succeeded) {
  const std::lock_guard lock(mutex_);
  if (state_ != BreakerState::kHalfOpen) return;
  if (!succeeded) return Open();
  Close();
}

void CircuitBreaker::Answered() {
  const std::lock_guard lock(mutex_);
  if (state_ != BreakerState::kClosed) Close();
}

BreakerState CircuitBreaker::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

std::uint64_t CircuitBreaker::successes() const {
  const std::lock_guard lock(mutex_);
  return successes_;
}

void CircuitBreaker::Open() {
  open_until_ = clock_.SteadyNow() + options_.open_for;
  ChangeTo(BreakerState::kOpen);
}

void CircuitBreaker::Close() {
  failures_ = 0;
  ++successes_;
  ChangeTo(BreakerState::kClosed);
}

void CircuitBreaker::ChangeTo(BreakerState state) {
  state_ = state;
  on_change_(state);
}

}  // namespace satchel
