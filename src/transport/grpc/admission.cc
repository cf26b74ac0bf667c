#include "transport/grpc/admission.h"

#include <utility>

namespace satchel {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kWatchInterval = 200ms;
/// After an interruption only answers are still on their way. With gRPC's own flush behind it, 2 s
/// after the grace: what the manifests count on.
constexpr std::chrono::milliseconds kFlushTimeMax = 1500ms;

bool WaitUntilIdle(std::span<Admission* const> admissions, std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  bool idle = true;
  for (Admission* admission : admissions) idle = admission->WaitUntilIdle(deadline) && idle;
  return idle;
}

}  // namespace

Status ShuttingDown() {
  return Status(Reason::kShuttingDown, "the server is shutting down; try again on another one")
      .WithRetryAfter(1s);
}

void EndCalls(std::span<Admission* const> admissions, std::chrono::milliseconds grace) {
  for (Admission* admission : admissions) admission->Drain();
  if (WaitUntilIdle(admissions, grace)) return;
  for (Admission* admission : admissions) admission->InterruptAll();
  WaitUntilIdle(admissions, kFlushTimeMax);
}

Admission::Ticket::Ticket(Ticket&& other) noexcept
    : admission_(std::exchange(other.admission_, nullptr)), place_(other.place_) {}

Admission::Ticket& Admission::Ticket::operator=(Ticket&& other) noexcept {
  Leave();
  admission_ = std::exchange(other.admission_, nullptr);
  place_ = other.place_;
  return *this;
}

Admission::Ticket::~Ticket() { Leave(); }

void Admission::Ticket::Leave() {
  if (admission_ == nullptr) return;
  Admission& admission = *std::exchange(admission_, nullptr);
  const std::lock_guard lock(admission.mutex_);
  admission.calls_.erase(place_);
  if (admission.calls_.empty()) admission.idle_.notify_all();
}

Admission::Admission(int calls_max)
    : calls_max_(calls_max), watcher_([this](std::stop_token stop) { Watch(std::move(stop)); }) {}

Result<Admission::Ticket> Admission::Enter(WatchedCall& call) {
  const std::lock_guard lock(mutex_);
  if (draining_) return ShuttingDown();
  if (static_cast<int>(calls_.size()) >= calls_max_) {
    return Status(Reason::kServerBusy, "too many calls at once; try again")
        .WithMetadata("limit", std::to_string(calls_max_))
        .WithRetryAfter(1s);
  }
  return Ticket(*this, calls_.insert(calls_.end(), &call));
}

int Admission::running() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(calls_.size());
}

void Admission::Drain() {
  const std::lock_guard lock(mutex_);
  draining_ = true;
}

bool Admission::draining() const {
  const std::lock_guard lock(mutex_);
  return draining_;
}

bool Admission::WaitUntilIdle(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  return idle_.wait_until(lock, deadline, [&] { return calls_.empty(); });
}

void Admission::InterruptAll() {
  const std::lock_guard lock(mutex_);
  for (WatchedCall* call : calls_) call->Interrupt(ShuttingDown());
}

void Admission::Watch(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  std::condition_variable_any never_notified;
  while (!stop.stop_requested()) {
    never_notified.wait_for(lock, stop, kWatchInterval, [] { return false; });
    const auto now = std::chrono::steady_clock::now();
    for (WatchedCall* call : calls_) call->CheckStall(now);
  }
}

}  // namespace satchel
