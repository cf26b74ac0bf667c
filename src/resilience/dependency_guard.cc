#include "resilience/dependency_guard.h"

#include <string>
#include <utility>

#include "resilience/unavailable.h"

namespace satchel {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kRetryUnchecked = 1s;

}  // namespace

DependencyGuard::DependencyGuard(DependencyGuardOptions options, Probe probe, const Clock& clock,
                                 EventLog& log, DependencyObserver& observer)
    : options_(options),
      probe_(std::move(probe)),
      clock_(clock),
      log_(log),
      breaker_(options.breaker, clock,
               [this, &observer](BreakerState state) { Report(state, observer); }),
      stack_(MakeStack(observer)),
      looked_at_(clock.SteadyNow()),
      thread_([this](const std::stop_token& stop) { Watch(stop); }) {}

Status DependencyGuard::Ask(const CallContext& call) {
  Status probed = probe_(call);
  if (IsAnswer(probed)) breaker_.Answered();
  return probed;
}

void DependencyGuard::ExplainClosed(const Status& why) {
  const std::string cause = why.cause().empty() ? std::string() : " (" + why.cause() + ")";
  gate_->Explain(Unavailable(options_.dependency, "it was not reached: " + why.message() + cause)
                     .WithRetryAfter(kRetryUnchecked));
}

CallStack DependencyGuard::MakeStack(DependencyObserver& observer) {
  const Dependency dependency = options_.dependency;
  auto gate = std::make_unique<StartGate>(
      Unavailable(dependency, "it has not been reached since the start; try again later")
          .WithRetryAfter(kRetryUnchecked));
  gate_ = gate.get();
  CallStack::Layers layers;
  layers.push_back(std::move(gate));
  layers.push_back(std::make_unique<BreakerLayer>(dependency, breaker_, clock_));
  layers.push_back(std::make_unique<MeteringLayer>(dependency, clock_, observer));
  layers.push_back(std::make_unique<TimeLimitLayer>(dependency, options_.limits, clock_, calls_));
  return CallStack(std::move(layers));
}

void DependencyGuard::Watch(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never_notified;
  while (!stop.stop_requested()) {
    Look(stop);
    std::unique_lock lock(mutex);
    never_notified.wait_for(lock, stop, options_.tick, [] { return false; });
  }
}

void DependencyGuard::Look(const std::stop_token& stop) {
  if (breaker_.BeginProbe()) {
    // One that only refuses answers: reads of a database that takes no writes go on.
    breaker_.EndProbe(IsAnswer(RunProbe(stop)));
    return;
  }
  if (breaker_.state() != BreakerState::kClosed) {
    // Whoever still waits for it waits in vain.
    calls_.CancelAll();
    return;
  }
  const Clock::SteadyTime now = clock_.SteadyNow();
  if (now - looked_at_ < options_.suspicious_after) return;
  const bool hanging = calls_.OldestAge(now) >= options_.suspicious_after;
  if (!calls_.TakeTimeouts() && !hanging) return;
  const std::uint64_t successes = breaker_.successes();
  const Status probed = RunProbe(stop);
  looked_at_ = clock_.SteadyNow();
  const bool silent = IsOutage(probed) || probed.Is(Reason::kDeadlineExceeded);
  // Where others are answered meanwhile it is only busy.
  if (!silent || breaker_.successes() != successes || stop.stop_requested()) return;
  log_.Write(
      LogLevel::kWarning, "calls hang and a probe gets no answer",
      {{"dependency", std::string(NameOf(options_.dependency))}, {"cause", probed.ToString()}});
  breaker_.Trip();
  calls_.CancelAll();
}

Status DependencyGuard::RunProbe(const std::stop_token& stop) const {
  CallContext call("probe", clock_.SteadyNow() + options_.probe_time_max);
  const std::stop_callback cancel(stop, [&call] { call.Cancel(); });
  return probe_(call);
}

void DependencyGuard::Report(BreakerState state, DependencyObserver& observer) {
  observer.BreakerChanged(options_.dependency, state);
  const bool open = state != BreakerState::kClosed;
  // A probe that fails is no news.
  if (std::exchange(reported_open_, open) == open) return;
  log_.Write(open ? LogLevel::kWarning : LogLevel::kInfo,
             open ? "circuit breaker opened" : "circuit breaker closed",
             {{"dependency", std::string(NameOf(options_.dependency))}});
}

}  // namespace satchel
