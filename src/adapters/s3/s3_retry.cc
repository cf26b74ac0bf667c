#include "adapters/s3/s3_retry.h"

#include <algorithm>
#include <condition_variable>

namespace satchel {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstPause{100};
constexpr int kFactor = 4;
constexpr milliseconds kCancellationUnnoticedMax{50};

}  // namespace

Status SystemPauses::Wait(const CallContext& call, milliseconds duration) {
  const auto until = std::chrono::steady_clock::now() + duration;
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock(mutex);
  while (true) {
    SATCHEL_RETURN_IF_ERROR(call.Check());
    const auto left = until - std::chrono::steady_clock::now();
    if (left <= milliseconds(0)) return {};
    never.wait_for(lock, std::min<std::chrono::nanoseconds>(left, kCancellationUnnoticedMax));
  }
}

double SystemPauses::Random() {
  const std::lock_guard lock(mutex_);
  return std::uniform_real_distribution<double>(0.0, 1.0)(generator_);
}

bool Backoff::Next(const CallContext& call) {
  if (retries_ == kRetriesMax) return false;
  milliseconds pause = kFirstPause;
  for (int i = 0; i < retries_; ++i) pause *= kFactor;
  ++retries_;
  const auto jittered =
      std::chrono::duration_cast<milliseconds>(pause * (0.5 + pauses_.Random() / 2));
  if (call.deadline() - std::chrono::steady_clock::now() <= jittered) return false;
  return pauses_.Wait(call, jittered).ok();
}

}  // namespace satchel
