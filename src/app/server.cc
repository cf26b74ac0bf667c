#include "app/server.h"

#include <algorithm>
#include <array>
#include <utility>

#include "app/config_tls.h"
#include "base/limits.h"

namespace satchel {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kSweepIntervalMin = 1s;
constexpr std::chrono::milliseconds kSweepIntervalMax = 30s;
/// A sweeping replica that was killed keeps the others from sweeping for so many intervals.
constexpr int kSweeperLeaseIntervals = 2;
constexpr std::chrono::milliseconds kGivingUpLeaseTimeMax = 1s;
/// The metrics promise totals at most 10 s old.
constexpr std::chrono::seconds kTotalsInterval = 5s;
/// Calls in progress of all kinds; each holds some KiB, a stalled download a window.
constexpr int kCallsMax = 4096;

DocumentServiceOptions OptionsOf(const Config& config) {
  return {.default_quota = config.default_user_quota,
          .link_life_default = config.presigned_url_expiry,
          .delete_retention = config.soft_delete
                                  ? std::chrono::seconds(config.soft_delete_retention)
                                  : std::chrono::seconds(0)};
}

/// Often enough that a dead upload is found soon after its lease.
std::chrono::milliseconds SweepInterval(const Config& config) {
  return std::clamp(std::chrono::milliseconds(config.upload_lease) / 3, kSweepIntervalMin,
                    kSweepIntervalMax);
}

/// Whether unary reads ask nobody over the network; a link may ask the object store too.
bool ReadsLocally(const Config& config) {
  return config.database.kind == DatabaseKind::kSqlite &&
         config.storage_backend == StorageBackend::kLocal;
}

std::size_t RowWorkers(const Config& config) {
  return ReadsLocally(config) ? 1 : static_cast<std::size_t>(config.database_pool_size);
}

std::unique_ptr<Upstream> MakeUpstream(const Config& config, PassedCallObserver& observer) {
  if (config.upstream_grpc.empty()) return nullptr;
  const UpstreamOptions options{
      .target = config.upstream_grpc,
      .message_bytes_max = static_cast<std::size_t>(config.upstream_max_message_size),
      .stream_idle_max = config.stream_idle_timeout};
  return std::make_unique<Upstream>(options, observer);
}

}  // namespace

SweeperOptions SweeperOptionsOf(const Config& config, const Backend& backend, IdGenerator& ids) {
  SweeperOptions options;
  options.sole_uploader = backend.sole_user();
  if (!options.sole_uploader) options.lease_holder = ids.RandomHex();
  options.lease =
      std::chrono::ceil<std::chrono::seconds>(SweepInterval(config)) * kSweeperLeaseIntervals;
  return options;
}

UploadLimits UploadLimitsOf(const Config& config) {
  return {.file_size_max = config.max_file_size,
          .default_quota = config.default_user_quota,
          .lease = config.upload_lease,
          .concurrent_max = config.max_concurrent_uploads};
}

LegacyImportLimits ImportLimitsOf(const Config& config) {
  return {.file_size_max = config.max_file_size, .default_quota = config.default_user_quota};
}

Server::Server(const ServerDependencies& dependencies)
    : dependencies_(dependencies),
      uploader_(dependencies.backend.metadata(), dependencies.backend.objects(), dependencies.clock,
                dependencies.ids, dependencies.log,
                FileTypePolicy(dependencies.config.allowed_mime_types,
                               dependencies.config.allowed_extensions),
                UploadLimitsOf(dependencies.config)),
      service_(uploader_, dependencies.backend.metadata(), dependencies.backend.objects(),
               dependencies.backend.links(), dependencies.log, OptionsOf(dependencies.config)),
      sweeper_(dependencies.backend.metadata(), dependencies.backend.objects(), dependencies.clock,
               dependencies.log, dependencies.metrics, dependencies.sweeping),
      administration_(dependencies.backend.metadata(), dependencies.backend.objects(), sweeper_,
                      dependencies.log, dependencies.metrics,
                      dependencies.config.default_user_quota),
      importer_(dependencies.backend.metadata(), dependencies.backend.imports(),
                dependencies.backend.objects(), uploader_, legacy_sources_,
                ImportLimitsOf(dependencies.config)),
      admission_(kCallsMax),
      workers_(static_cast<std::size_t>(dependencies.config.worker_threads)),
      row_workers_(RowWorkers(dependencies.config)),
      grpc_service_(GrpcCallEnvironment{.service = service_,
                                        .admission = admission_,
                                        .observer = dependencies.observer,
                                        .ids = dependencies.ids,
                                        .workers = workers_,
                                        .row_workers = row_workers_,
                                        .stream_idle_max = dependencies.config.stream_idle_timeout,
                                        .local_reads = ReadsLocally(dependencies.config)}),
      upstream_(MakeUpstream(dependencies.config, dependencies.metrics)) {}

Result<std::unique_ptr<Server>> Server::Start(const ServerDependencies& dependencies,
                                              GrpcListener listener) {
  auto server = std::make_unique<Server>(dependencies);
  SATCHEL_RETURN_IF_ERROR(server->Listen(listener));
  return server;
}

Result<GrpcServerOptions> Server::GrpcOptions() const {
  const Config& config = dependencies_.config;
  GrpcServerOptions options;
  options.host = config.host;
  options.port = config.port;
  if (config.tls_cert.empty()) return options;
  SATCHEL_ASSIGN_OR_RETURN(const TlsMaterial tls, ReadTlsMaterial(config));
  options.tls_certificate = tls.certificate_pem;
  options.tls_key = tls.key_pem.Reveal();
  options.tls_client_ca = tls.client_ca_pem;
  return options;
}

Status Server::Listen(GrpcListener listener) {
  const ServerDependencies& given = dependencies_;
  SATCHEL_ASSIGN_OR_RETURN(http_, HttpFront::Start({.config = given.config,
                                                    .backend = given.backend,
                                                    .service = service_,
                                                    .metrics = given.metrics,
                                                    .observer = given.observer,
                                                    .log = given.log,
                                                    .ids = given.ids,
                                                    .workers = workers_,
                                                    .state = [this] { return state(); }}));
  if (const auto address = given.backend.admin_address()) {
    SATCHEL_ASSIGN_OR_RETURN(admin_server_,
                             AdminServer::Start(*address, administration_, importer_, given.ids));
  }
  // Last: who reaches this port finds a service that is complete.
  if (listener == GrpcListener::kOwn) {
    SATCHEL_ASSIGN_OR_RETURN(const GrpcServerOptions options, GrpcOptions());
    SATCHEL_ASSIGN_OR_RETURN(grpc_server_, GrpcServer::Start(options, grpc_service_, admission_,
                                                             upstream_.get(), given.log));
  }
  listening_ = true;
  return {};
}

ServingState Server::state() const {
  if (admission_.draining()) return ServingState::kDraining;
  return listening_ && backend_open_ ? ServingState::kServing : ServingState::kStarting;
}

void Server::BackendOpened() {
  std::vector<Maintenance::Task> tasks;
  tasks.push_back({"storage-totals", kTotalsInterval, [this](const CallContext& call) {
                     Result<StorageTotals> totals =
                         dependencies_.backend.metadata().GetStorageTotals(call,
                                                                           kStorageMetricUsersMax);
                     if (totals.ok()) {
                       dependencies_.metrics.SetStorageTotals(*std::move(totals),
                                                              dependencies_.clock.WallNow());
                     }
                   }});
  tasks.push_back({"sweep", SweepInterval(dependencies_.config), [this](const CallContext& call) {
                     sweeper_.RunOnce(call, SweepTrigger::kTimer);
                   }});
  maintenance_ = std::make_unique<Maintenance>(std::move(tasks));
  backend_open_ = true;
}

std::optional<int> Server::grpc_port() const {
  if (grpc_server_ == nullptr) return std::nullopt;
  return grpc_server_->port();
}

void Server::Drain(std::chrono::milliseconds grace) {
  const auto deadline = std::chrono::steady_clock::now() + grace;
  if (grpc_server_ != nullptr) {
    grpc_server_->Drain(grace);
  } else {
    EndCalls(std::array{&admission_}, grace);
  }
  const auto left = deadline - std::chrono::steady_clock::now();
  http_->StopLinks(std::max(std::chrono::milliseconds(0),
                            std::chrono::duration_cast<std::chrono::milliseconds>(left)));
}

Server::~Server() {
  maintenance_.reset();
  if (backend_open_) {
    sweeper_.GiveUpLease(
        CallContext("stop", dependencies_.clock.SteadyNow() + kGivingUpLeaseTimeMax));
  }
  if (grpc_server_ != nullptr) grpc_server_->Drain(0s);
  admin_server_.reset();
  http_.reset();
  row_workers_.join();
  workers_.join();
}

}  // namespace satchel
