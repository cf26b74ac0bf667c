#include "transport/grpc/admin_server.h"

#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include <chrono>
#include <utility>

#include "satchel/admin.grpc.pb.h"
#include "transport/grpc/grpc_status.h"

namespace satchel {
namespace {

constexpr int kThreadsMax = 4;

/// Forwards a check's events to the stream; a client that is gone cancels the check.
class StreamingListener final : public ConsistencyListener {
 public:
  StreamingListener(grpc::ServerWriter<CheckConsistencyResponse>& writer, CallContext& call)
      : writer_(writer), call_(call) {}

  void OnFinding(const satchel::Finding& finding) override {
    CheckConsistencyResponse response;
    auto* message = response.mutable_finding();
    message->set_invariant(std::string(InvariantOf(finding.kind)));
    message->set_problem(std::string(NameOf(finding.kind)));
    message->set_user_id(finding.user.value());
    message->set_document_id(finding.document.value());
    message->set_detail(finding.message);
    message->set_repaired(finding.repaired);
    Send(response);
  }

  void OnProgress(const ConsistencyProgress& progress) override {
    CheckConsistencyResponse response;
    response.mutable_progress()->set_documents(progress.documents_checked);
    response.mutable_progress()->set_bytes(progress.bytes_read);
    Send(response);
  }

  void SendSummary(const ConsistencySummary& summary) {
    CheckConsistencyResponse response;
    auto* message = response.mutable_summary();
    message->set_documents(summary.checked.documents_checked);
    message->set_bytes(summary.checked.bytes_read);
    message->set_findings(summary.findings);
    message->set_repaired(summary.repaired);
    Send(response);
  }

 private:
  void Send(const CheckConsistencyResponse& response) {
    if (!writer_.Write(response)) call_.Cancel();
  }

  grpc::ServerWriter<CheckConsistencyResponse>& writer_;
  CallContext& call_;
};

}  // namespace

class AdminServer::Service final : public AdminService::Service {
 public:
  Service(Administration& administration, IdGenerator& ids)
      : administration_(administration), ids_(ids) {}

  grpc::Status GetQuota(grpc::ServerContext*, const GetQuotaRequest* request,
                        GetQuotaResponse* response) override {
    const CallContext call(ids_.RandomHex());
    const Result<Usage> usage = administration_.GetQuota(call, request->user_id());
    if (!usage.ok()) return ToGrpcStatus(usage.status(), call.request_id());
    response->set_user_id(request->user_id());
    response->set_quota_bytes(usage->quota_bytes);
    response->set_own(usage->quota_is_own);
    response->set_total_bytes(usage->total_bytes);
    response->set_reserved_bytes(usage->reserved_bytes);
    response->set_file_count(usage->file_count);
    return grpc::Status::OK;
  }

  grpc::Status SetQuota(grpc::ServerContext*, const SetQuotaRequest* request,
                        SetQuotaResponse*) override {
    const CallContext call(ids_.RandomHex());
    std::optional<std::int64_t> quota;
    if (request->has_quota_bytes()) quota = request->quota_bytes();
    return ToGrpcStatus(administration_.SetQuota(call, request->user_id(), quota),
                        call.request_id());
  }

  grpc::Status CheckConsistency(grpc::ServerContext*, const CheckConsistencyRequest* request,
                                grpc::ServerWriter<CheckConsistencyResponse>* writer) override {
    CallContext call(ids_.RandomHex());
    StreamingListener listener(*writer, call);
    const Result<ConsistencySummary> summary =
        administration_.CheckConsistency(call, request->repair(), listener);
    if (!summary.ok()) return ToGrpcStatus(summary.status(), call.request_id());
    listener.SendSummary(*summary);
    return grpc::Status::OK;
  }

 private:
  Administration& administration_;
  IdGenerator& ids_;
};

AdminServer::AdminServer(std::unique_ptr<Service> service, std::unique_ptr<grpc::Server> server)
    : service_(std::move(service)), server_(std::move(server)) {}

AdminServer::~AdminServer() {
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
}

Result<std::unique_ptr<AdminServer>> AdminServer::Start(const std::string& address,
                                                        Administration& administration,
                                                        IdGenerator& ids) {
  auto service = std::make_unique<Service>(administration, ids);
  grpc::ServerBuilder builder;
  grpc::ResourceQuota quota("satchel-admin");
  quota.SetMaxThreads(kThreadsMax);
  builder.SetResourceQuota(quota);
  builder.AddListeningPort(address, grpc::InsecureServerCredentials());
  builder.RegisterService(service.get());
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) {
    return ConfigurationError("STORAGE_DIR: cannot make the socket for administration in it");
  }
  return std::unique_ptr<AdminServer>(new AdminServer(std::move(service), std::move(server)));
}

}  // namespace satchel
