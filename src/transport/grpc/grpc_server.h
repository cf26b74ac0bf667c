/// The gRPC listener: credentials, limits, health, reflection, drain.
#pragma once

#include <grpcpp/server.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "ports/event_log.h"
#include "transport/grpc/admission.h"
#include "transport/grpc/generic_calls.h"
#include "transport/grpc/upstream.h"
#include "transport/grpc/upstream_health.h"

namespace satchel {

struct GrpcServerOptions {
  std::string host;
  int port = 0;                 ///< 0: any free one
  std::string tls_certificate;  ///< PEM; empty: no TLS
  std::string tls_key;          ///< PEM
  std::string tls_client_ca;    ///< PEM; set: clients must show a certificate of this CA
};

/// Not thread-safe. Services, Admission and Upstream and the log must outlive it.
class GrpcServer {
 public:
  /// `upstream` has what is not served here; null: nobody has.
  /// CONFIGURATION_INVALID: an address that cannot be used (port in use), bad certificates.
  static Result<std::unique_ptr<GrpcServer>> Start(const GrpcServerOptions& options,
                                                   grpc::Service& documents, Admission& admission,
                                                   Upstream* upstream, EventLog& log);
  /// The port that is listened on.
  int port() const { return port_; }

  /// Turns health to NOT_SERVING, refuses new calls with SHUTTING_DOWN, gives running ones `grace`
  /// to end, interrupts what is left, and returns when all has ended.
  void Drain(std::chrono::milliseconds grace);

 private:
  explicit GrpcServer(Admission& admission, Upstream* upstream);

  std::vector<Admission*> admissions_;
  GenericCalls generic_calls_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<UpstreamHealth> upstream_health_;
  int port_ = 0;
};

}  // namespace satchel
