#include "resilience/unavailable.h"

#include <chrono>
#include <string>
#include <utility>

namespace satchel {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kOperatorsPauseMin = 30s;

}  // namespace

Status Unavailable(Dependency dependency, std::string_view why) {
  const bool store = dependency == Dependency::kObjectStore;
  std::string message =
      store ? "the object store cannot be used: " : "the database cannot be used: ";
  message.append(why);
  return Status(store ? Reason::kObjectStoreUnavailable : Reason::kDatabaseUnavailable,
                std::move(message));
}

bool IsOutage(const Status& status) {
  if (status.Is(Reason::kOutcomeUnknown)) return true;
  const bool unavailable =
      status.Is(Reason::kObjectStoreUnavailable) || status.Is(Reason::kDatabaseUnavailable);
  return unavailable && status.retry_after().value_or(0s) < kOperatorsPauseMin;
}

bool IsAnswer(const Status& status) {
  return !IsOutage(status) && !status.Is(Reason::kCancelled) &&
         !status.Is(Reason::kDeadlineExceeded) && !status.Is(Reason::kServerBusy);
}

bool IsAway(const Status& status) {
  return status.code() == StatusCode::kUnavailable || status.Is(Reason::kOutcomeUnknown) ||
         status.Is(Reason::kDeadlineExceeded);
}

}  // namespace satchel
