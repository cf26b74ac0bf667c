/// What of a passed-through call's metadata is carried on, and what each hop makes for itself.
#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/server_context.h>

#include <string_view>

#include "base/status.h"

namespace satchel {

/// Whether the key belongs to one connection (user-agent, te, grpc-*, …) and not to the call.
bool IsOfOneHop(std::string_view key);

/// From the caller to the upstream. INVALID_FIELD: a value that gRPC cannot send on; it is refused,
/// since leaving it out could change what the call means.
Status CopyRequestMetadata(const grpc::CallbackServerContext& from, grpc::ClientContext& to);

// From the upstream to the caller; what gRPC cannot send on is left out. The second is for the end
// of the call; the details of its status are no metadata here.
void CopyInitialMetadata(const grpc::ClientContext& from, grpc::CallbackServerContext& to);
void CopyTrailingMetadata(const grpc::ClientContext& from, grpc::CallbackServerContext& to);

}  // namespace satchel
