/// Work on many things at once, to its end.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <mutex>
#include <thread>
#include <vector>

#include "base/status.h"

namespace satchel {

/// Calls `work(index)`, which returns a Status, for each index below `count`, on at most `jobs`
/// threads, and returns when all are done. After an error no further call begins; the first error
/// is returned.
template <typename Work>
Status ForEachInParallel(std::size_t count, int jobs, const Work& work) {
  std::atomic<std::size_t> next{0};
  std::atomic<bool> stopped{false};
  std::mutex mutex;
  Status first_error;
  const auto run = [&] {
    while (!stopped) {
      const std::size_t index = next++;
      if (index >= count) return;
      Status status = work(index);
      if (status.ok()) continue;
      stopped = true;
      const std::lock_guard lock(mutex);
      if (first_error.ok()) first_error = std::move(status);
    }
  };
  {
    const std::size_t threads = std::min(count, static_cast<std::size_t>(std::max(jobs, 1)));
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < threads; ++i) others.emplace_back(run);
    run();
  }
  return first_error;
}

}  // namespace satchel
