/// A unary call: its work may block, so it runs on the worker pool and not on gRPC's threads.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <boost/asio/post.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "transport/grpc/grpc_call.h"

namespace satchel {

class UnaryCall final : public grpc::ServerUnaryReactor,
                        public WatchedCall,
                        public std::enable_shared_from_this<UnaryCall> {
 public:
  /// Fills the response and the record; its status ends the call.
  using Work = std::function<Status(const CallContext& call, CallRecord& record)>;

  enum class Access : std::uint8_t { kReadsRows, kWrites };

  /// Runs `work` on the pool, or here where the environment allows that for reads. Request and
  /// response must live until gRPC is done with the call.
  static grpc::ServerUnaryReactor* Start(Operation operation, Access access,
                                         const GrpcCallEnvironment& environment,
                                         grpc::CallbackServerContext& context, Work work);

  UnaryCall(Operation operation, const GrpcCallEnvironment& environment,
            grpc::CallbackServerContext& context)
      : tracker_(operation, environment, context) {}

  void OnCancel() override { tracker_.call().Cancel(); }
  void OnDone() override;
  // Nothing here waits for the client: only the call's own deadline bounds it.
  void CheckStall(std::chrono::steady_clock::time_point) override {}
  void Interrupt(const Status& status) override;

 private:
  void Run(const Work& work);
  Status interruption() const;

  CallTracker tracker_;
  mutable std::mutex mutex_;
  Status interruption_;  ///< guarded by the mutex; OK: none
  Admission::Ticket ticket_;
  std::shared_ptr<UnaryCall> self_;
};

}  // namespace satchel
