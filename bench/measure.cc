#include "bench/measure.h"

#include <algorithm>
#include <cmath>
#include <future>
#include <latch>
#include <nlohmann/json.hpp>
#include <utility>

namespace satchel::bench {
namespace {

constexpr double kBytesPerMebibyte = 1024.0 * 1024.0;

}  // namespace

void ThreadResult::Measure(std::size_t call_bytes, const std::function<void()>& call) {
  const Clock::time_point start = Clock::now();
  call();
  latencies.push_back(Clock::now() - start);
  bytes += call_bytes;
}

double Measurement::Seconds() const { return std::chrono::duration<double>(elapsed).count(); }

double Measurement::LatencyMilliseconds(double quantile) const {
  if (latencies.empty()) {
    return 0;
  }
  const double rank = std::ceil(quantile * static_cast<double>(latencies.size()));
  const std::size_t index = std::max<std::size_t>(static_cast<std::size_t>(rank), 1) - 1;
  return std::chrono::duration<double, std::milli>(latencies[index]).count();
}

nlohmann::json Report(const Measurement& measured) {
  const double seconds = measured.Seconds();
  return {{"calls", measured.latencies.size()},
          {"seconds", seconds},
          {"calls_per_second", static_cast<double>(measured.latencies.size()) / seconds},
          {"mib_per_second", static_cast<double>(measured.bytes) / kBytesPerMebibyte / seconds},
          {"p50_ms", measured.LatencyMilliseconds(0.5)},
          {"p99_ms", measured.LatencyMilliseconds(0.99)}};
}

Measurement RunTogether(std::size_t threads,
                        const std::function<ThreadResult(std::size_t index)>& work) {
  std::latch ready(static_cast<std::ptrdiff_t>(threads) + 1);
  std::vector<std::future<ThreadResult>> running;
  for (std::size_t index = 0; index < threads; ++index) {
    running.push_back(std::async(std::launch::async, [&ready, &work, index] {
      ready.arrive_and_wait();
      return work(index);
    }));
  }
  ready.arrive_and_wait();
  const Clock::time_point start = Clock::now();
  for (const auto& thread : running) {
    thread.wait();
  }
  Measurement all;
  all.elapsed = Clock::now() - start;
  for (auto& thread : running) {
    ThreadResult result = thread.get();
    all.bytes += result.bytes;
    all.latencies.insert(all.latencies.end(), result.latencies.begin(), result.latencies.end());
  }
  std::sort(all.latencies.begin(), all.latencies.end());
  return all;
}

}  // namespace satchel::bench
