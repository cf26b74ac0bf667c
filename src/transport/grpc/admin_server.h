/// Administration of a running server over its Unix socket (proto/satchel/admin.proto).
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/server.h>

#include <memory>
#include <string>

#include "base/identifiers.h"
#include "base/status.h"
#include "core/administration.h"
#include "core/legacy_import/legacy_importer.h"

namespace satchel {

/// Handlers block, each on a thread of this server's own: operators are few, and a check that takes
/// an hour must not hold a worker. Whoever may open the socket may do everything.
class AdminServer {
 public:
  /// `address` as gRPC takes it, e.g. "unix:/proc/self/fd/7/admin.sock". The socket gets mode 0600,
  /// a moment after the one that the process's umask leaves. `administration`, `importer` and `ids`
  /// must outlive the server.
  static Result<std::unique_ptr<AdminServer>> Start(const std::string& address,
                                                    Administration& administration,
                                                    LegacyImporter& importer, IdGenerator& ids);
  /// Only for this process: see channel().
  static Result<std::unique_ptr<AdminServer>> StartWithin(Administration& administration,
                                                          LegacyImporter& importer,
                                                          IdGenerator& ids);
  /// Ends what runs; its clients are told that the server was stopped.
  ~AdminServer();

  /// Reaches this server from within its process.
  std::shared_ptr<grpc::Channel> channel();

 private:
  class Service;
  AdminServer(std::unique_ptr<Service> service, std::unique_ptr<grpc::Server> server);

  std::unique_ptr<Service> service_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace satchel
