#include "cli/admin_client.h"

#include <fcntl.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <cerrno>
#include <utility>

#include "cli/grpc_log.h"

namespace satchel::cli {

MaybeError AdminClient::Connect(const std::string& storage_folder) {
  QuietGrpcLog();
  server_ = "the server of " + storage_folder;
  folder_.Reset(open(storage_folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder_.valid())
    return SystemError("cannot open the storage folder " + storage_folder +
                           " (STORAGE_DIR or --storage-dir names the one of the server)",
                       errno);
  // The path of a socket is limited to 107 bytes, that of a folder is not.
  const std::string target =
      "unix:/proc/self/fd/" + std::to_string(folder_.get()) + "/" + kAdminSocketName;
  // A connection of its own: one that found no server before does not delay it by gRPC's backoff.
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  stub_ = AdminService::NewStub(
      grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments));
  return std::nullopt;
}

void AdminClient::Use(std::shared_ptr<grpc::Channel> channel, std::string server) {
  QuietGrpcLog();
  server_ = std::move(server);
  stub_ = AdminService::NewStub(std::move(channel));
}

MaybeError AdminClient::GetQuota(const std::string& user, GetQuotaResponse* response) {
  grpc::ClientContext context;
  GetQuotaRequest request;
  request.set_user_id(user);
  const grpc::Status status = stub_->GetQuota(&context, request, response);
  if (!status.ok()) return ErrorFromCall(status, server_);
  return std::nullopt;
}

MaybeError AdminClient::SetQuota(const std::string& user, std::optional<std::int64_t> quota_bytes) {
  grpc::ClientContext context;
  SetQuotaRequest request;
  request.set_user_id(user);
  if (quota_bytes) request.set_quota_bytes(*quota_bytes);
  SetQuotaResponse response;
  const grpc::Status status = stub_->SetQuota(&context, request, &response);
  if (!status.ok()) return ErrorFromCall(status, server_);
  return std::nullopt;
}

MaybeError AdminClient::CheckConsistency(
    bool repair, const std::function<void(const CheckConsistencyResponse&)>& on_event) {
  grpc::ClientContext context;
  CheckConsistencyRequest request;
  request.set_repair(repair);
  const auto reader = stub_->CheckConsistency(&context, request);
  CheckConsistencyResponse event;
  bool complete = false;
  while (reader->Read(&event)) {
    complete = event.has_summary();
    on_event(event);
  }
  const grpc::Status status = reader->Finish();
  if (!status.ok()) return ErrorFromCall(status, server_);
  if (!complete) return LocalError("the server ended the check without a summary");
  return std::nullopt;
}

MaybeError AdminClient::ImportTable(
    const ImportTableRequest& request,
    const std::function<void(const ImportTableResponse&)>& on_event) {
  grpc::ClientContext context;
  const auto reader = stub_->ImportTable(&context, request);
  ImportTableResponse event;
  bool complete = false;
  while (reader->Read(&event)) {
    complete = event.has_report();
    on_event(event);
  }
  const grpc::Status status = reader->Finish();
  if (!status.ok()) return ErrorFromCall(status, server_);
  if (!complete) return LocalError("the server ended the import without a report");
  return std::nullopt;
}

}  // namespace satchel::cli
