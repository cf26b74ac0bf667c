#include "app/startup.h"

#include <condition_variable>
#include <mutex>
#include <utility>

#include "resilience/unavailable.h"

namespace satchel {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kRetryInterval = 500ms;

}  // namespace

Status Startup::Try(const CallContext& call) {
  SATCHEL_RETURN_IF_ERROR(given_.backend.Check(call));
  // Before the first upload is accepted, since every PENDING row may be taken for a dead one's.
  Sweeper sweeper(given_.backend.bare_metadata(), given_.backend.bare_objects(), given_.clock,
                  given_.log, given_.observer, given_.sweeping);
  sweeper.RunOnce(call, SweepTrigger::kStartup);
  given_.backend.Open();
  return {};
}

LaterStartup::LaterStartup(Startup& startup, OnOpen on_open, OnFailed on_failed)
    : startup_(startup),
      on_open_(std::move(on_open)),
      on_failed_(std::move(on_failed)),
      thread_([this](const std::stop_token& stop) { Repeat(stop); }) {}

void LaterStartup::Repeat(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never_notified;
  while (!stop.stop_requested()) {
    CallContext call("start");
    const std::stop_callback cancel(stop, [&call] { call.Cancel(); });
    const Status tried = startup_.Try(call);
    if (stop.stop_requested()) return;
    if (tried.ok()) return on_open_();
    if (!IsAway(tried)) return on_failed_(tried);
    std::unique_lock lock(mutex);
    never_notified.wait_for(lock, stop, kRetryInterval, [] { return false; });
  }
}

}  // namespace satchel
