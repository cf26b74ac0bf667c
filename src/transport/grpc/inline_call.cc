#include "transport/grpc/inline_call.h"

namespace satchel {

grpc::ServerUnaryReactor* AnswerInline(Operation operation, const GrpcCallEnvironment& environment,
                                       grpc::CallbackServerContext& context,
                                       const UnaryCall::Work& work) {
  CallTracker tracker(operation, environment, context);
  Status status = tracker.call().Check();
  if (environment.admission.draining()) status = ShuttingDown();
  if (status.ok()) status = work(tracker.call(), tracker.record());
  grpc::ServerUnaryReactor* const reactor = context.DefaultReactor();
  reactor->Finish(tracker.End(status));
  return reactor;
}

}  // namespace satchel
