#include "app/maintenance.h"

#include <condition_variable>
#include <mutex>
#include <utility>

namespace satchel {

Maintenance::Maintenance(std::vector<Task> tasks) : tasks_(std::move(tasks)) {
  threads_.reserve(tasks_.size());
  for (const Task& task : tasks_) {
    threads_.emplace_back([&task](const std::stop_token& stop) { Run(task, stop); });
  }
}

Maintenance::~Maintenance() {
  // All at once, so that none has to wait for the end of another.
  for (std::jthread& thread : threads_) thread.request_stop();
}

void Maintenance::Run(const Task& task, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never_notified;
  while (!stop.stop_requested()) {
    CallContext call(task.name);
    {
      const std::stop_callback cancel(stop, [&call] { call.Cancel(); });
      task.run(call);
    }
    std::unique_lock lock(mutex);
    never_notified.wait_for(lock, stop, task.interval, [] { return false; });
  }
}

}  // namespace satchel
