#include "resilience/call_layers.h"

#include "resilience/unavailable.h"

namespace satchel {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kRetryDelay = 1s;
/// Who sends for as long has waited for the other side to take bytes, and it did.
constexpr std::chrono::milliseconds kWaitedMin = 5ms;

}  // namespace

Status BreakerLayer::Run(const CallContext& call, CallLength length, const Next& next) {
  if (const auto wait = breaker_.Refuses()) {
    return Unavailable(dependency_, "it does not answer; try again later").WithRetryAfter(*wait);
  }
  const Clock::SteadyTime begun_at = clock_.SteadyNow();
  Status status = next(call);
  if (!IsOutage(status)) {
    // A buffer that had room says nothing about it.
    const bool took_it_at_once =
        length == CallLength::kSending && clock_.SteadyNow() - begun_at < kWaitedMin;
    if (IsAnswer(status) && !took_it_at_once) breaker_.Succeeded();
    return status;
  }
  breaker_.Failed();
  if (status.Is(Reason::kOutcomeUnknown)) return status;
  if (const auto wait = breaker_.Refuses()) return status.WithRetryAfter(*wait);
  return status.retry_after() ? status : status.WithRetryAfter(kRetryDelay);
}

Status MeteringLayer::Run(const CallContext& call, CallLength /*length*/, const Next& next) {
  const Clock::SteadyTime begun_at = clock_.SteadyNow();
  Status status = next(call);
  observer_.DependencyCalled(dependency_, status, clock_.SteadyNow() - begun_at);
  return status;
}

std::chrono::milliseconds TimeLimits::Of(CallLength length) const {
  switch (length) {
    case CallLength::kShort:
      return short_call;
    case CallLength::kTransfer:
    case CallLength::kSending:
      return transfer;
    case CallLength::kScan:
      return scan;
  }
  return short_call;
}

Status TimeLimitLayer::Run(const CallContext& call, CallLength length, const Next& next) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  const Clock::SteadyTime now = clock_.SteadyNow();
  CallContext limited(call, now + limits_.Of(length));
  const CallsInFlight::Ticket ticket(calls_, limited, now);
  Status status = next(limited);
  if (!status.Is(Reason::kCancelled) && !status.Is(Reason::kDeadlineExceeded)) return status;
  if (status.Is(Reason::kDeadlineExceeded)) calls_.NoteTimeout();
  if (Status own = call.Check(); !own.ok()) return own;
  return Unavailable(dependency_, "it did not answer in time; try again")
      .WithCause(status.ToString());
}

}  // namespace satchel
