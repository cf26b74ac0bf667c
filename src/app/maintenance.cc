#include "app/maintenance.h"

#include <algorithm>
#include <utility>

namespace satchel {

Maintenance::Maintenance(std::vector<Task> tasks)
    : tasks_(std::move(tasks)), thread_([this](std::stop_token stop) { Run(std::move(stop)); }) {}

Maintenance::~Maintenance() = default;

void Maintenance::Run(std::stop_token stop) {
  using SteadyTime = std::chrono::steady_clock::time_point;
  std::vector<SteadyTime> due(tasks_.size(), std::chrono::steady_clock::now());
  while (!stop.stop_requested()) {
    for (std::size_t i = 0; i < tasks_.size() && !stop.stop_requested(); ++i) {
      if (due[i] > std::chrono::steady_clock::now()) continue;
      CallContext call(tasks_[i].name);
      const std::stop_callback cancel(stop, [&call] { call.Cancel(); });
      tasks_[i].run(call);
      due[i] = std::chrono::steady_clock::now() + tasks_[i].interval;
    }
    std::unique_lock lock(mutex_);
    wake_.wait_until(lock, stop, *std::min_element(due.begin(), due.end()), [] { return false; });
  }
}

}  // namespace satchel
