#include "transport/grpc/admin_server.h"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/support/server_callback.h>
#include <sys/stat.h>

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "satchel/admin.grpc.pb.h"
#include "transport/grpc/admin_call.h"
#include "transport/grpc/grpc_status.h"
#include "transport/grpc/import_call.h"

namespace satchel {
namespace {

constexpr std::size_t kThreads = 4;
/// Of calls that were stopped, until their clients are told nothing more.
constexpr std::chrono::seconds kEndTimeMax{1};

GetQuotaResponse ToMessage(const std::string& user_id, const Usage& usage) {
  GetQuotaResponse response;
  response.set_user_id(user_id);
  response.set_quota_bytes(usage.quota_bytes);
  response.set_own(usage.quota_is_own);
  response.set_total_bytes(usage.total_bytes);
  response.set_reserved_bytes(usage.reserved_bytes);
  response.set_file_count(usage.file_count);
  return response;
}

/// Sends what a check finds.
class CheckCall final : public AdminCall<CheckConsistencyResponse>, private ConsistencyListener {
 public:
  CheckCall(Administration& administration, bool repair, std::string request_id, AdminCalls& calls)
      : AdminCall(calls, std::move(request_id)), administration_(administration), repair_(repair) {}

 private:
  Status Run() override {
    SATCHEL_ASSIGN_OR_RETURN(const ConsistencySummary summary,
                             administration_.CheckConsistency(call(), repair_, *this));
    SendSummary(summary);
    return {};
  }

  std::string WhenStopped() const override {
    return "the server was stopped before the check was complete: run the same command again";
  }

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
    message->set_young_orphans(summary.young_orphans);
    Send(response);
  }

  Administration& administration_;
  const bool repair_;
};

}  // namespace

class AdminServer::Service final : public AdminService::CallbackService {
 public:
  Service(Administration& administration, LegacyImporter& importer, IdGenerator& ids)
      : administration_(administration), importer_(importer), ids_(ids) {}

  /// Ends what runs for long, and whatever of that still comes.
  void StopCalls() { calls_.StopAll(); }

  grpc::ServerUnaryReactor* GetQuota(grpc::CallbackServerContext* context,
                                     const GetQuotaRequest* request,
                                     GetQuotaResponse* response) override {
    return Run(*context, [this, request, response](const CallContext& call) -> Status {
      SATCHEL_ASSIGN_OR_RETURN(const Usage usage,
                               administration_.GetQuota(call, request->user_id()));
      *response = ToMessage(request->user_id(), usage);
      return {};
    });
  }

  grpc::ServerUnaryReactor* SetQuota(grpc::CallbackServerContext* context,
                                     const SetQuotaRequest* request, SetQuotaResponse*) override {
    return Run(*context, [this, request](const CallContext& call) {
      std::optional<std::int64_t> quota;
      if (request->has_quota_bytes()) quota = request->quota_bytes();
      return administration_.SetQuota(call, request->user_id(), quota);
    });
  }

  grpc::ServerWriteReactor<CheckConsistencyResponse>* CheckConsistency(
      grpc::CallbackServerContext*, const CheckConsistencyRequest* request) override {
    return CheckCall::Start(
        std::make_unique<CheckCall>(administration_, request->repair(), ids_.RandomHex(), calls_),
        threads_);
  }

  grpc::ServerWriteReactor<ImportTableResponse>* ImportTable(
      grpc::CallbackServerContext*, const ImportTableRequest* request) override {
    return StartImportCall(importer_, *request, ids_.RandomHex(), calls_, threads_);
  }

 private:
  grpc::ServerUnaryReactor* Run(grpc::CallbackServerContext& context,
                                std::function<Status(const CallContext& call)> work) {
    grpc::ServerUnaryReactor* const reactor = context.DefaultReactor();
    boost::asio::post(threads_, [this, reactor, work = std::move(work)] {
      const CallContext call(ids_.RandomHex());
      reactor->Finish(ToGrpcStatus(work(call), call.request_id()));
    });
    return reactor;
  }

  Administration& administration_;
  LegacyImporter& importer_;
  IdGenerator& ids_;
  AdminCalls calls_;
  boost::asio::thread_pool threads_{kThreads};
};

AdminServer::AdminServer(std::unique_ptr<Service> service, std::unique_ptr<grpc::Server> server)
    : service_(std::move(service)), server_(std::move(server)) {}

AdminServer::~AdminServer() {
  service_->StopCalls();
  server_->Shutdown(std::chrono::system_clock::now() + kEndTimeMax);
  server_->Wait();
}

std::shared_ptr<grpc::Channel> AdminServer::channel() {
  return server_->InProcessChannel(grpc::ChannelArguments());
}

Result<std::unique_ptr<AdminServer>> AdminServer::StartWithin(Administration& administration,
                                                              LegacyImporter& importer,
                                                              IdGenerator& ids) {
  auto service = std::make_unique<Service>(administration, importer, ids);
  grpc::ServerBuilder builder;
  builder.RegisterService(service.get());
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return InternalError("a server without a port could not be started");
  return std::unique_ptr<AdminServer>(new AdminServer(std::move(service), std::move(server)));
}

Result<std::unique_ptr<AdminServer>> AdminServer::Start(const std::string& address,
                                                        Administration& administration,
                                                        LegacyImporter& importer,
                                                        IdGenerator& ids) {
  auto service = std::make_unique<Service>(administration, importer, ids);
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address, grpc::InsecureServerCredentials());
  builder.RegisterService(service.get());
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  // No umask leaves a socket this mode without making folders useless.
  const std::string path = address.substr(address.find(':') + 1);
  if (server == nullptr || chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0) {
    return ConfigurationError("STORAGE_DIR: cannot make the socket for administration in it");
  }
  return std::unique_ptr<AdminServer>(new AdminServer(std::move(service), std::move(server)));
}

}  // namespace satchel
