/// What the streaming calls of administration share: each blocks on a thread of its own, sends what
/// it finds, and ends with its client or its server.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>
#include <utility>

#include "base/call_context.h"
#include "base/status.h"
#include "transport/grpc/grpc_status.h"

namespace satchel {

/// A call that its server can end. Thread-safe.
class StoppableCall {
 public:
  explicit StoppableCall(std::string request_id) : call_(std::move(request_id)) {}

  CallContext& call() { return call_; }
  /// The call ends soon, and says that the server was stopped.
  void Stop();
  /// `status`, or, when it is that the server was stopped, SHUTTING_DOWN with `message`.
  Status Explain(const Status& status, const std::string& message) const;

 private:
  CallContext call_;
  std::atomic<bool> stopped_{false};
};

/// The calls in progress of one server. Thread-safe.
class AdminCalls {
 public:
  /// One that comes after StopAll() is stopped at once.
  void Enter(StoppableCall& call);
  void Leave(StoppableCall& call);
  void StopAll();

 private:
  std::mutex mutex_;
  std::unordered_set<StoppableCall*> running_;  // guarded by mutex_
  bool stopping_ = false;                       // guarded by mutex_
};

/// Owns itself from Start() until gRPC is done with it. A client that is gone cancels call().
template <typename Response>
class AdminCall : public grpc::ServerWriteReactor<Response> {
 public:
  /// Runs `made` on one of `threads`.
  static AdminCall* Start(std::unique_ptr<AdminCall> made, boost::asio::thread_pool& threads) {
    AdminCall* const started = made.get();
    started->self_ = std::move(made);
    boost::asio::post(threads, [started] {
      const Status ended = started->Run();
      const Status told = started->stoppable_.Explain(ended, started->WhenStopped());
      started->Finish(ToGrpcStatus(told, started->call().request_id()));
    });
    return started;
  }

  ~AdminCall() override { calls_.Leave(stoppable_); }
  AdminCall(const AdminCall&) = delete;
  AdminCall& operator=(const AdminCall&) = delete;

  void OnWriteDone(bool ok) final {
    const std::lock_guard lock(mutex_);
    if (!ok) call().Cancel();
    writing_ = false;
    written_.notify_one();
  }
  void OnCancel() final { call().Cancel(); }
  void OnDone() final { self_.reset(); }

 protected:
  /// `calls` must outlive the call.
  AdminCall(AdminCalls& calls, std::string request_id)
      : calls_(calls), stoppable_(std::move(request_id)) {
    calls_.Enter(stoppable_);
  }

  CallContext& call() { return stoppable_.call(); }

  /// Blocks until gRPC has taken the message, or knows that the client is gone.
  void Send(const Response& response) {
    {
      const std::lock_guard lock(mutex_);
      writing_ = true;
    }
    this->StartWrite(&response);
    std::unique_lock lock(mutex_);
    written_.wait(lock, [this] { return !writing_; });
  }

 private:
  /// The work; sends what it finds.
  virtual Status Run() = 0;
  /// What to tell the operator when the server was stopped before Run() was at its end.
  virtual std::string WhenStopped() const = 0;

  AdminCalls& calls_;
  StoppableCall stoppable_;
  std::mutex mutex_;
  std::condition_variable written_;
  bool writing_ = false;  // guarded by mutex_
  std::unique_ptr<AdminCall> self_;
};

}  // namespace satchel
