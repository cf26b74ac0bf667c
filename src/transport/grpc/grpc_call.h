/// What every gRPC call has: its context, its record for log and metrics, its end.
#pragma once

#include <grpcpp/server_context.h>

#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <string>

#include "base/call_context.h"
#include "base/clock.h"
#include "base/identifiers.h"
#include "core/document_service.h"
#include "ports/call_observer.h"
#include "transport/grpc/admission.h"

namespace satchel {

/// What calls share. All of it outlives every call.
struct GrpcCallEnvironment {
  DocumentService& service;
  Admission& admission;
  CallObserver& observer;
  IdGenerator& ids;
  /// Runs coroutines and blocking work; bounded by its number of threads.
  boost::asio::thread_pool& workers;
  /// The same for unary calls that only read rows: what objects wait for does not delay them.
  boost::asio::thread_pool& row_workers;
  std::chrono::milliseconds stream_idle_max;
  /// Reads of rows are answered on gRPC's own threads: right where they are local and take
  /// microseconds; the hop to a worker would cost more than the read.
  bool local_reads = false;
};

/// Measures one call from its arrival and reports its end once. Not thread-safe, but for call().
class CallTracker {
 public:
  CallTracker(Operation operation, const GrpcCallEnvironment& environment,
              grpc::CallbackServerContext& context);

  CallContext& call() { return call_; }
  const CallContext& call() const { return call_; }
  CallRecord& record() { return record_; }
  /// Reports the end and returns what to finish the call with.
  grpc::Status End(const Status& status);

 private:
  CallObserver& observer_;
  CallContext call_;
  CallRecord record_;
  const Clock::SteadyTime started_at_;
};

}  // namespace satchel
