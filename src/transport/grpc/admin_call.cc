#include "transport/grpc/admin_call.h"

#include <chrono>

namespace satchel {
namespace {

/// Whoever stops a server often starts it again.
constexpr std::chrono::seconds kRetryAfter{1};

}  // namespace

void StoppableCall::Stop() {
  stopped_ = true;
  call_.Cancel();
}

Status StoppableCall::Explain(const Status& status, const std::string& message) const {
  // What was found out before it was cancelled, or cannot be anything else, stays what it is.
  const bool cut_off = stopped_ && (status.code() == StatusCode::kCancelled ||
                                    status.code() == StatusCode::kUnavailable);
  if (!cut_off) return status;
  return Status(Reason::kShuttingDown, message).WithRetryAfter(kRetryAfter);
}

void AdminCalls::Enter(StoppableCall& call) {
  const std::lock_guard lock(mutex_);
  running_.insert(&call);
  if (stopping_) call.Stop();
}

void AdminCalls::Leave(StoppableCall& call) {
  const std::lock_guard lock(mutex_);
  running_.erase(&call);
}

void AdminCalls::StopAll() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  for (StoppableCall* const call : running_) call->Stop();
}

}  // namespace satchel
