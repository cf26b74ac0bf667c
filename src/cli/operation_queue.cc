#include "cli/operation_queue.h"

#include <string>

namespace satchel::cli {

OperationQueue::~OperationQueue() {
  queue_.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue_.Next(&tag, &ok)) {
  }
}

bool OperationQueue::Await() {
  void* tag = nullptr;
  bool ok = false;
  if (!cancelled_) {
    const auto until = std::chrono::system_clock::now() + patience_;
    if (queue_.AsyncNext(&tag, &ok, until) == grpc::CompletionQueue::GOT_EVENT) return ok;
    stalled_ = true;
    Cancel();
  }
  // A cancelled call completes what it has under way.
  queue_.Next(&tag, &ok);
  return ok && !cancelled_;
}

void OperationQueue::Cancel() {
  cancelled_ = true;
  context_.TryCancel();
}

grpc::Status OperationQueue::Explain(const grpc::Status& status) const {
  if (!stalled_ || status.ok()) return status;
  return {grpc::StatusCode::DEADLINE_EXCEEDED,
          "nothing from the server for " + std::to_string(patience_.count()) + " s"};
}

}  // namespace satchel::cli
