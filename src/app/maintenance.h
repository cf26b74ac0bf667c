/// What the server does by itself, now and then: sweeps, and totals for the metrics.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/call_context.h"

namespace satchel {

/// Runs each task at its interval on a thread of its own, so that none waits for another. Stops,
/// cancelling what runs, when destroyed.
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
  static void Run(const Task& task, const std::stop_token& stop);

  const std::vector<Task> tasks_;
  std::vector<std::jthread> threads_;  ///< last: they use the tasks
};

}  // namespace satchel
