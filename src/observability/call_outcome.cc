#include "observability/call_outcome.h"

namespace satchel {

CallOutcome OutcomeOf(const CallRecord& record) {
  if (record.status.ok()) return CallOutcome::kOk;
  if (record.caller_at_fault) return CallOutcome::kCallerFault;
  switch (record.status.code()) {
    case StatusCode::kOk:
      return CallOutcome::kOk;
    case StatusCode::kCancelled:
    case StatusCode::kInvalidArgument:
    case StatusCode::kNotFound:
    case StatusCode::kAlreadyExists:
    case StatusCode::kPermissionDenied:
    case StatusCode::kResourceExhausted:
    case StatusCode::kOutOfRange:
    case StatusCode::kUnimplemented:
      return CallOutcome::kCallerFault;
    case StatusCode::kUnknown:
    case StatusCode::kDeadlineExceeded:
    case StatusCode::kFailedPrecondition:
    case StatusCode::kAborted:
    case StatusCode::kInternal:
    case StatusCode::kUnavailable:
    case StatusCode::kDataLoss:
      return CallOutcome::kFailure;
  }
  return CallOutcome::kFailure;
}

}  // namespace satchel
