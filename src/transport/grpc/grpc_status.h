/// The one mapping of our Status to what gRPC callers get: code, message, google.rpc details.
#pragma once

#include <grpcpp/support/status.h>

#include <string>

#include "base/status.h"

namespace satchel {

/// ErrorInfo's domain.
inline constexpr char kErrorDomain[] = "document.satchel";

/// With google.rpc.Status in the details: ErrorInfo, document.ErrorDetails and the standard details
/// of the reason (docs/api.md). The details stay below 3 KiB, since clients refuse trailers above
/// 8 KiB in all and base64 adds a third. INTERNAL carries nothing but `request_id`.
grpc::Status ToGrpcStatus(const Status& status, const std::string& request_id);

}  // namespace satchel
