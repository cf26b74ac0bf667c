/// The gRPC listener: credentials, limits, health, reflection, drain.
#pragma once

#include <grpcpp/completion_queue.h>
#include <grpcpp/server.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "transport/grpc/admission.h"

namespace satchel {

struct GrpcServerOptions {
  std::string host;
  int port = 0;                 ///< 0: any free one
  std::string tls_certificate;  ///< PEM; empty: no TLS
  std::string tls_key;          ///< PEM
  std::string tls_client_ca;    ///< PEM; set: clients must show a certificate of this CA
};

/// Not thread-safe. Services and Admission must outlive it.
class GrpcServer {
 public:
  /// CONFIGURATION_INVALID: an address that cannot be used (port in use), bad certificates.
  static Result<std::unique_ptr<GrpcServer>> Start(const GrpcServerOptions& options,
                                                   grpc::Service& documents, Admission& admission);
  /// The port that is listened on.
  int port() const { return port_; }

  /// Turns health to NOT_SERVING, refuses new calls with SHUTTING_DOWN, gives running ones `grace`
  /// to end, interrupts what is left, and returns when all has ended.
  void Drain(std::chrono::milliseconds grace);

 private:
  GrpcServer(std::unique_ptr<grpc::ServerCompletionQueue> unused_queue,
             std::unique_ptr<grpc::Server> server, Admission& admission, int port)
      : unused_queue_(std::move(unused_queue)),
        server_(std::move(server)),
        admission_(admission),
        port_(port) {}

  const std::unique_ptr<grpc::ServerCompletionQueue> unused_queue_;
  std::unique_ptr<grpc::Server> server_;
  Admission& admission_;
  const int port_;
};

}  // namespace satchel
