#include "transport/grpc/admin_server.h"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/support/server_callback.h>
#include <sys/stat.h>

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>

#include "satchel/admin.grpc.pb.h"
#include "transport/grpc/grpc_status.h"
#include "transport/grpc/import_call.h"

namespace satchel {
namespace {

constexpr std::size_t kThreads = 4;

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

/// Sends what a check finds; a client that is gone cancels the check. Owns itself until OnDone().
class CheckCall final : public grpc::ServerWriteReactor<CheckConsistencyResponse>,
                        private ConsistencyListener {
 public:
  static CheckCall* Start(Administration& administration, std::string request_id, bool repair,
                          boost::asio::thread_pool& threads) {
    auto made = std::make_unique<CheckCall>(std::move(request_id));
    CheckCall* const check = made.get();
    check->self_ = std::move(made);
    boost::asio::post(threads,
                      [check, &administration, repair] { check->Run(administration, repair); });
    return check;
  }

  explicit CheckCall(std::string request_id) : call_(std::move(request_id)) {}

  void OnWriteDone(bool ok) override {
    const std::lock_guard lock(mutex_);
    if (!ok) call_.Cancel();
    writing_ = false;
    written_.notify_one();
  }
  void OnCancel() override { call_.Cancel(); }
  void OnDone() override { self_.reset(); }

 private:
  void Run(Administration& administration, bool repair) {
    const Result<ConsistencySummary> summary =
        administration.CheckConsistency(call_, repair, *this);
    if (summary.ok()) SendSummary(*summary);
    Finish(ToGrpcStatus(summary.status(), call_.request_id()));
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

  /// Blocks until gRPC has taken the message, or knows that the client is gone.
  void Send(const CheckConsistencyResponse& response) {
    {
      const std::lock_guard lock(mutex_);
      writing_ = true;
    }
    StartWrite(&response);
    std::unique_lock lock(mutex_);
    written_.wait(lock, [this] { return !writing_; });
  }

  CallContext call_;
  std::mutex mutex_;
  std::condition_variable written_;
  bool writing_ = false;
  std::unique_ptr<CheckCall> self_;
};

}  // namespace

class AdminServer::Service final : public AdminService::CallbackService {
 public:
  Service(Administration& administration, LegacyImporter& importer, IdGenerator& ids)
      : administration_(administration), importer_(importer), ids_(ids) {}

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
    return CheckCall::Start(administration_, ids_.RandomHex(), request->repair(), threads_);
  }

  grpc::ServerWriteReactor<ImportTableResponse>* ImportTable(
      grpc::CallbackServerContext*, const ImportTableRequest* request) override {
    return StartImportCall(importer_, *request, ids_.RandomHex(), threads_);
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
  boost::asio::thread_pool threads_{kThreads};
};

AdminServer::AdminServer(std::unique_ptr<Service> service, std::unique_ptr<grpc::Server> server)
    : service_(std::move(service)), server_(std::move(server)) {}

AdminServer::~AdminServer() {
  server_->Shutdown(std::chrono::system_clock::now());
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
