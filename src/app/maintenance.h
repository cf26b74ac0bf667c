/// What the server does by itself, now and then: sweeps, and totals for the metrics.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/call_context.h"

namespace satchel {

/// Runs tasks one after another on a thread of its own, each at its interval. Stops, cancelling
/// what runs, when destroyed.
class Maintenance {
 public:
  struct Task {
    std::string name;  ///< request id of its calls, for the log
    std::chrono::milliseconds interval;
    std::function<void(const CallContext& call)> run;
  };

  explicit Maintenance(std::vector<Task> tasks);
  ~Maintenance();
  Maintenance(const Maintenance&) = delete;
  Maintenance& operator=(const Maintenance&) = delete;

 private:
  void Run(std::stop_token stop);

  const std::vector<Task> tasks_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;  ///< last: it uses all of the above
};

}  // namespace satchel
