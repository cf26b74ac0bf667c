/// The calls of methods that no service of this server has.
#pragma once

#include <grpcpp/generic/async_generic_service.h>

#include "transport/grpc/admission.h"
#include "transport/grpc/reflection.h"
#include "transport/grpc/upstream.h"

namespace satchel {

/// Thread-safe. Outlives the server it is registered with.
class GenericCalls final : public grpc::CallbackGenericService {
 public:
  /// `upstream`: null when there is none.
  GenericCalls(Upstream* upstream, Admission& admission);

  /// Answers reflection, and passes all else to the upstream; UNIMPLEMENTED without one, and for
  /// services of our own.
  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override;

 private:
  Upstream* const upstream_;
  Reflection reflection_;
};

}  // namespace satchel
