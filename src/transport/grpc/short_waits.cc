#include "transport/grpc/short_waits.h"

#include <cstdint>
#include <ratio>
#include <utility>
#include <vector>

namespace satchel {
namespace {

/// Waits end at multiples of it, so that one wake-up is for many.
using Step = std::chrono::duration<std::int64_t, std::ratio<3, 2000>>;

std::chrono::steady_clock::time_point EndOfWait() {
  return std::chrono::ceil<Step>(std::chrono::steady_clock::now() + ShortWaits::kLengthMin);
}

}  // namespace

ShortWaits::ShortWaits() : thread_([this] { Run(); }) {}

ShortWaits::~ShortWaits() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void ShortWaits::Begin(std::weak_ptr<Waiter> waiter) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    wake = std::exchange(idle_, false);
    waits_.push_back({EndOfWait(), std::move(waiter)});
  }
  if (wake) changed_.notify_one();
}

void ShortWaits::Run() {
  std::vector<std::weak_ptr<Waiter>> ended;
  std::unique_lock lock(mutex_);
  while (true) {
    idle_ = waits_.empty();
    changed_.wait(lock, [&] { return stopping_ || !waits_.empty(); });
    const SteadyTime end = waits_.empty() ? SteadyTime() : waits_.front().end;
    if (changed_.wait_until(lock, end, [&] { return stopping_; })) return;
    for (; !waits_.empty() && waits_.front().end <= end; waits_.pop_front()) {
      ended.push_back(std::move(waits_.front().waiter));
    }
    lock.unlock();
    for (const std::weak_ptr<Waiter>& waiter : ended) {
      if (const auto waiting = waiter.lock()) waiting->OnWaited();
    }
    ended.clear();
    lock.lock();
  }
}

}  // namespace satchel
