#include "transport/grpc/grpc_call.h"

#include <algorithm>

#include "transport/grpc/grpc_status.h"

namespace satchel {
namespace {

constexpr char kRequestIdKey[] = "x-request-id";
constexpr std::size_t kRequestIdBytesMax = 64;

/// The caller's own request id when it is harmless, so that logs of both sides can be joined.
std::string RequestId(const grpc::CallbackServerContext& context, IdGenerator& ids) {
  const auto found = context.client_metadata().find(kRequestIdKey);
  if (found != context.client_metadata().end()) {
    std::string value(found->second.data(), found->second.size());
    const bool harmless = std::all_of(value.begin(), value.end(), [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
             c == '-' || c == '_' || c == '.';
    });
    if (!value.empty() && value.size() <= kRequestIdBytesMax && harmless) return value;
  }
  return ids.RandomHex();
}

/// The caller's deadline on the steady clock, which no clock adjustment moves.
Clock::SteadyTime SteadyDeadline(const grpc::CallbackServerContext& context) {
  const auto deadline = context.deadline();
  if (deadline == std::chrono::system_clock::time_point::max()) return Clock::SteadyTime::max();
  const auto left = deadline - std::chrono::system_clock::now();
  if (left > std::chrono::hours(24 * 365)) return Clock::SteadyTime::max();
  return std::chrono::steady_clock::now() + left;
}

}  // namespace

CallTracker::CallTracker(Operation operation, const GrpcCallEnvironment& environment,
                         grpc::CallbackServerContext& context)
    : observer_(environment.observer),
      call_(RequestId(context, environment.ids), SteadyDeadline(context)),
      started_at_(std::chrono::steady_clock::now()) {
  record_.operation = operation;
  record_.request_id = call_.request_id();
  context.AddInitialMetadata(kRequestIdKey, call_.request_id());
  observer_.CallStarted(operation);
}

grpc::Status CallTracker::End(const Status& status) {
  record_.status = status;
  record_.caller_at_fault = record_.caller_at_fault || status.Is(Reason::kCancelled);
  record_.duration = std::chrono::steady_clock::now() - started_at_;
  observer_.CallEnded(record_);
  return ToGrpcStatus(status, call_.request_id());
}

}  // namespace satchel
