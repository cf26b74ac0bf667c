#include "transport/grpc/message_budget.h"

#include <algorithm>
#include <utility>

namespace satchel {

bool MessageBudget::MayRead(const std::shared_ptr<Reader>& reader) {
  if (!exhausted()) return true;
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(reader);
    ++waiting_count_;
  }
  // All may have been given back meanwhile, by somebody who saw nobody wait.
  while (const auto next = NextWithRoom()) next->OnRoom();
  return false;
}

void MessageBudget::Release(std::size_t bytes) {
  held_ -= bytes;
  if (waiting_count_ == 0) return;
  while (const auto next = NextWithRoom()) next->OnRoom();
}

std::shared_ptr<MessageBudget::Reader> MessageBudget::NextWithRoom() {
  const std::lock_guard lock(mutex_);
  if (exhausted() || waiting_.empty()) return nullptr;
  std::shared_ptr<Reader> next = std::move(waiting_.front());
  waiting_.pop_front();
  --waiting_count_;
  return next;
}

void MessageBudget::Admit(const Reader& reader) {
  if (waiting_count_ == 0) return;
  std::shared_ptr<Reader> admitted;
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find_if(
        waiting_, [&](const std::shared_ptr<Reader>& waiting) { return waiting.get() == &reader; });
    if (found == waiting_.end()) return;
    admitted = std::move(*found);
    waiting_.erase(found);
    --waiting_count_;
  }
  admitted->OnRoom();
}

}  // namespace satchel
