/// For tests of which time itself is the subject; who waits for something waits for that instead.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace satchel {

inline void PassTime(std::chrono::steady_clock::duration time) {
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, time, [] { return false; });
}

}  // namespace satchel
