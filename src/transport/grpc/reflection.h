/// Server reflection over this server's own methods and the upstream's, as one.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/generic/async_generic_service.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string_view>

#include "grpc/reflection/v1/reflection.pb.h"
#include "transport/grpc/admission.h"

namespace satchel {

/// v1 and v1alpha, whose messages are the same on the wire. Thread-safe; outlives its calls.
class Reflection {
 public:
  /// `upstream`: null when there is none. A stream that is idle for `idle_max` is ended.
  Reflection(std::shared_ptr<grpc::Channel> upstream, Admission& admission,
             std::chrono::milliseconds idle_max)
      : upstream_(std::move(upstream)), admission_(admission), idle_max_(idle_max) {}

  /// Whether `method` is one of the two.
  static bool Serves(std::string_view method);
  grpc::ServerGenericBidiReactor* Start(grpc::GenericCallbackServerContext& context);

 private:
  class Call;

  const std::shared_ptr<grpc::Channel> upstream_;
  Admission& admission_;
  const std::chrono::milliseconds idle_max_;
};

/// What this server says without the upstream: services, and every file that is compiled in.
/// NOT_FOUND is an answer, too.
grpc::reflection::v1::ServerReflectionResponse ReflectLocally(
    const grpc::reflection::v1::ServerReflectionRequest& request);

/// `own` with the upstream's services behind those of this server.
void AddServices(const grpc::reflection::v1::ServerReflectionResponse& upstream,
                 grpc::reflection::v1::ServerReflectionResponse* own);

}  // namespace satchel
