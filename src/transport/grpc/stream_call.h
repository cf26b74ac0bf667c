/// What upload and download have in common: waiting for the client, stalls, cancellation, the end.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <memory>
#include <utility>

#include "transport/grpc/grpc_call.h"
#include "transport/grpc/grpc_status.h"
#include "transport/grpc/stream_gate.h"

namespace satchel {

/// Mixed into a gRPC reactor (`Reactor`). Keeps itself alive from Start() until gRPC is done with
/// it; the coroutine keeps it alive as long as it runs.
template <typename Reactor>
class StreamCall : public Reactor,
                   public WatchedCall,
                   public std::enable_shared_from_this<StreamCall<Reactor>> {
 public:
  StreamCall(Operation operation, const GrpcCallEnvironment& environment,
             grpc::CallbackServerContext& context)
      : environment_(environment), context_(context), tracker_(operation, environment, context) {}

  /// Begins the call; after this gRPC owns it.
  void Start() {
    self_ = this->shared_from_this();
    Result<Admission::Ticket> ticket = environment_.admission.Enter(*this);
    if (!ticket.ok()) {
      this->Finish(tracker_.End(ticket.status()));
      return;
    }
    ticket_ = *std::move(ticket);
    OnAdmitted();
    boost::asio::co_spawn(
        environment_.workers,
        [self = this->shared_from_this()]() -> boost::asio::awaitable<void> {
          const Status status = co_await self->Run();
          self->finishing_since_ = std::chrono::steady_clock::now().time_since_epoch();
          self->FinishCall(self->tracker_.End(status));
        },
        // An exception is a bug of ours or no memory; neither can be answered.
        [](std::exception_ptr error) {
          if (error) std::rethrow_exception(error);
        });
  }

  void OnCancel() override { tracker_.call().Cancel(); }
  void OnDone() override {
    ticket_ = Admission::Ticket();
    self_.reset();
  }

  void CheckStall(std::chrono::steady_clock::time_point now) override {
    const auto finishing_since = finishing_since_.load();
    if (finishing_since.count() != 0) {
      const Status interruption = gate_.interruption();
      const auto limit = interruption.ok() ? environment_.stream_idle_max : kForcedEndDelay;
      // The client does not take what is left: its answer cannot wait behind unread bytes.
      if (now.time_since_epoch() - finishing_since > limit) {
        Cut(interruption.ok() ? Stalled() : interruption);
      }
      return;
    }
    const auto waiting_since = gate_.waiting_since();
    if (!waiting_since || now - *waiting_since <= environment_.stream_idle_max) return;
    stalled_ = true;
    gate_.Interrupt(Stalled());
  }

  void Interrupt(const Status& status) override { gate_.Interrupt(status); }

 protected:
  /// The call itself; its status ends it.
  virtual boost::asio::awaitable<Status> Run() = 0;
  /// Before the coroutine begins.
  virtual void OnAdmitted() {}
  /// Calls Finish(), once.
  virtual void FinishCall(const grpc::Status& status) { this->Finish(status); }

  /// Waits for the operation begun last; false: the stream is over.
  boost::asio::awaitable<Result<bool>> WaitForClient() {
    Result<bool> arrived = co_await gate_.Wait();
    if (stalled_) tracker_.record().caller_at_fault = true;
    co_return arrived;
  }

  /// For a client that does send, but nothing that counts: no more patience than with silence.
  Status CheckProgress(std::chrono::steady_clock::time_point since) {
    if (std::chrono::steady_clock::now() - since <= environment_.stream_idle_max) return {};
    tracker_.record().caller_at_fault = true;
    return Stalled();
  }

  const GrpcCallEnvironment& environment_;
  grpc::CallbackServerContext& context_;
  CallTracker tracker_;
  StreamGate gate_;

 private:
  static constexpr std::chrono::milliseconds kForcedEndDelay{1000};

  static Status Stalled() {
    return Status(Reason::kDeadlineExceeded, "the stream was idle for too long");
  }

  /// Resets the stream with a status that overtakes the bytes the client does not read. gRPC sends
  /// its code and message only: the details are metadata, which waits behind those bytes.
  void Cut(const Status& status) {
    if (cut_.exchange(true)) return;
    const grpc::Status answer = ToGrpcStatus(status, tracker_.call().request_id());
    grpc_call_cancel_with_status(context_.c_call(),
                                 static_cast<grpc_status_code>(answer.error_code()),
                                 answer.error_message().c_str(), nullptr);
  }

  std::atomic<std::chrono::steady_clock::duration> finishing_since_{};
  std::atomic<bool> stalled_{false};
  std::atomic<bool> cut_{false};
  Admission::Ticket ticket_;
  std::shared_ptr<StreamCall> self_;
};

}  // namespace satchel
