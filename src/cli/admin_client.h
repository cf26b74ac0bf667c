/// Administration asked of the server that owns a storage folder, through its Unix socket there.
#pragma once

#include <grpcpp/channel.h>
#include <satchel/admin.grpc.pb.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "cli/command_error.h"
#include "cli/unique_descriptor.h"

namespace satchel::cli {

/// The socket's name within the storage folder.
inline constexpr const char* kAdminSocketName = "admin.sock";

/// Not thread-safe. Calls have no deadline: the server is on this machine, and a check takes as
/// long as there is to read.
class AdminClient {
 public:
  /// Opens the folder; does not yet ask anything.
  MaybeError Connect(const std::string& storage_folder);

  /// Asks through `channel`; `server` names who is asked, for messages.
  void Use(std::shared_ptr<grpc::Channel> channel, std::string server);

  // Each returns an error with exit code 69 when no server listens. Precondition: Connect() or
  // Use().
  MaybeError GetQuota(const std::string& user, GetQuotaResponse* response);
  /// Without `quota_bytes`: back to the default.
  MaybeError SetQuota(const std::string& user, std::optional<std::int64_t> quota_bytes);
  /// Hands over each event as it comes; the last is the summary.
  MaybeError CheckConsistency(bool repair,
                              const std::function<void(const CheckConsistencyResponse&)>& on_event);
  /// Hands over each event as it comes; the last is the report.
  MaybeError ImportTable(const ImportTableRequest& request,
                         const std::function<void(const ImportTableResponse&)>& on_event);

 private:
  std::string server_;
  UniqueDescriptor folder_;
  std::unique_ptr<AdminService::Stub> stub_;
};

}  // namespace satchel::cli
