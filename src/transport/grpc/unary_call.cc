#include "transport/grpc/unary_call.h"

#include "transport/grpc/inline_call.h"

namespace satchel {

grpc::ServerUnaryReactor* UnaryCall::Start(Operation operation, Access access,
                                           const GrpcCallEnvironment& environment,
                                           grpc::CallbackServerContext& context, Work work) {
  if (access == Access::kReadsRows && environment.local_reads) {
    return AnswerInline(operation, environment, context, work);
  }
  auto call = std::make_shared<UnaryCall>(operation, environment, context);
  call->self_ = call;
  Result<Admission::Ticket> ticket = environment.admission.Enter(*call);
  if (!ticket.ok()) {
    call->Finish(call->tracker_.End(ticket.status()));
    return call.get();
  }
  call->ticket_ = *std::move(ticket);
  boost::asio::thread_pool& workers =
      access == Access::kReadsRows ? environment.row_workers : environment.workers;
  boost::asio::post(workers, [call, work = std::move(work)] { call->Run(work); });
  return call.get();
}

void UnaryCall::Run(const Work& work) {
  // Whoever waited in the queue for longer than the caller does is not served any more.
  Status status = tracker_.call().Check();
  if (status.ok()) status = work(tracker_.call(), tracker_.record());
  if (status.Is(Reason::kCancelled)) {
    // Who was interrupted shall know by what, and did not cancel.
    if (Status why = interruption(); !why.ok()) status = std::move(why);
  }
  Finish(tracker_.End(status));
}

void UnaryCall::Interrupt(const Status& status) {
  {
    const std::lock_guard lock(mutex_);
    if (interruption_.ok()) interruption_ = status;
  }
  tracker_.call().Cancel();
}

Status UnaryCall::interruption() const {
  const std::lock_guard lock(mutex_);
  return interruption_;
}

void UnaryCall::OnDone() {
  ticket_ = Admission::Ticket();
  self_.reset();
}

}  // namespace satchel
