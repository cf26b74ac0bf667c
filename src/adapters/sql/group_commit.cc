#include "adapters/sql/group_commit.h"

#include <algorithm>

namespace satchel {

void GroupCommit::Run(Write& write) {
  Waiter waiter{.write = write, .changed = {}};
  std::unique_lock lock(mutex_);
  queue_.push_back(&waiter);
  if (!WaitForTurn(lock, waiter)) {
    write.result =
        Status(Reason::kDeadlineExceeded, "the database took longer than the call may take");
  } else if (!waiter.done) {
    Lead(lock, waiter);
  }
}

bool GroupCommit::WaitForTurn(std::unique_lock<std::mutex>& lock, Waiter& waiter) {
  const auto turn = [&] { return waiter.done || queue_.front() == &waiter; };
  const auto deadline = waiter.write.call.deadline();
  while (!turn()) {
    if (waiter.taken || deadline == CallContext::SteadyTime::max()) {
      waiter.changed.wait(lock);
    } else if (waiter.changed.wait_until(lock, deadline) == std::cv_status::timeout && !turn() &&
               !waiter.taken) {
      queue_.erase(std::find(queue_.begin(), queue_.end(), &waiter));
      return false;
    }
  }
  return true;
}

void GroupCommit::Lead(std::unique_lock<std::mutex>& lock, Waiter& leader) {
  const std::size_t count = std::min(queue_.size(), kBatchOperationsMax);
  const std::vector<Waiter*> batch(queue_.begin(),
                                   queue_.begin() + static_cast<std::ptrdiff_t>(count));
  std::vector<Write*> writes;
  writes.reserve(count);
  for (Waiter* waiter : batch) {
    waiter->taken = true;
    writes.push_back(&waiter->write);
  }
  lock.unlock();
  run_batch_(writes);
  lock.lock();
  // The leader stays at the front until the end, so that nobody else leads meanwhile.
  queue_.erase(queue_.begin() + 1, queue_.begin() + static_cast<std::ptrdiff_t>(count));
  for (Waiter* waiter : batch) {
    if (waiter == &leader) continue;
    waiter->done = true;
    waiter->changed.notify_one();
  }
  lock.unlock();
  maintain_();
  lock.lock();
  queue_.pop_front();
  if (!queue_.empty()) queue_.front()->changed.notify_one();
}

}  // namespace satchel
