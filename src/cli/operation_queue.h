#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/support/status.h>

#include <chrono>

namespace satchel::cli {

/// The operations of one call, one at a time, each waited for at most `patience`: a transfer may
/// take as long as it needs while bytes move, and ends when they stop. Not thread-safe.
///
/// Start an operation on queue() with tag(), then Await() it, before the next one is started and
/// before this object goes.
class OperationQueue {
 public:
  OperationQueue(grpc::ClientContext& context, std::chrono::seconds patience)
      : context_(context), patience_(patience) {}
  ~OperationQueue();
  OperationQueue(const OperationQueue&) = delete;
  OperationQueue& operator=(const OperationQueue&) = delete;

  grpc::CompletionQueue* queue() { return &queue_; }
  void* tag() { return this; }

  /// Waits for the operation; cancels the call when patience ends. false: it failed, so the call
  /// has ended and its status says why.
  bool Await();
  /// Cancels the call; the operation that runs still has to be awaited.
  void Cancel();
  /// The call's status, or DEADLINE_EXCEEDED when it was cancelled for having stalled.
  grpc::Status Explain(const grpc::Status& status) const;

 private:
  grpc::ClientContext& context_;
  const std::chrono::seconds patience_;
  grpc::CompletionQueue queue_;
  bool cancelled_ = false;
  bool stalled_ = false;
};

}  // namespace satchel::cli
