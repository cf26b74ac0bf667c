/// One question to the upstream's reflection.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/support/byte_buffer.h>

#include <functional>
#include <memory>
#include <optional>

namespace satchel {

/// Asks v1, and v1alpha where the upstream does not have that. `done` is called once, on a thread
/// of gRPC's, with the answer's bytes; nullopt: the upstream is away or has no reflection.
void AskUpstreamReflection(const std::shared_ptr<grpc::Channel>& channel,
                           const grpc::ByteBuffer& request,
                           std::function<void(std::optional<grpc::ByteBuffer>)> done);

}  // namespace satchel
