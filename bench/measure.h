// Timing shared by the load generators: threads that start together, and their latencies.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <vector>

namespace satchel::bench {

using Clock = std::chrono::steady_clock;

/// What one thread did.
struct ThreadResult {
  /// One entry per call.
  std::vector<Clock::duration> latencies;
  std::size_t bytes = 0;

  /// Runs one call that moves `call_bytes` and keeps its latency.
  void Measure(std::size_t call_bytes, const std::function<void()>& call);
};

/// What all threads did together.
struct Measurement {
  /// Of all threads, sorted.
  std::vector<Clock::duration> latencies;
  std::size_t bytes = 0;
  /// From the common start to the end of the last thread.
  Clock::duration elapsed{};

  double Seconds() const;
  /// Milliseconds; `quantile` in (0, 1]. 0 when there was no call.
  double LatencyMilliseconds(double quantile) const;
};

/// Calls, seconds, calls and MiB per second, median and 99th percentile of the latency.
nlohmann::json Report(const Measurement& measured);

/// Runs `work(index)` on `threads` threads that begin together, once each has been created.
/// Rethrows the first exception of a thread after all have ended.
Measurement RunTogether(std::size_t threads,
                        const std::function<ThreadResult(std::size_t index)>& work);

}  // namespace satchel::bench
