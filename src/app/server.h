/// The running service: listeners, workers, maintenance; how they start and in which order they
/// end.
#pragma once

#include <atomic>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <memory>
#include <optional>

#include "adapters/legacy/legacy_sources.h"
#include "app/backend.h"
#include "app/config.h"
#include "app/http_front.h"
#include "app/maintenance.h"
#include "base/clock.h"
#include "base/identifiers.h"
#include "core/administration.h"
#include "core/document_service.h"
#include "core/legacy_import/legacy_importer.h"
#include "core/sweeper.h"
#include "core/upload.h"
#include "observability/metrics_registry.h"
#include "ports/call_observer.h"
#include "ports/event_log.h"
#include "transport/grpc/admin_server.h"
#include "transport/grpc/admission.h"
#include "transport/grpc/document_grpc_service.h"
#include "transport/grpc/grpc_server.h"
#include "transport/grpc/upstream.h"

namespace satchel {

/// What a Server uses and does not own; all of it outlives the server.
struct ServerDependencies {
  const Config& config;
  Backend& backend;
  const Clock& clock;
  IdGenerator& ids;
  EventLog& log;
  CallObserver& observer;
  MetricsRegistry& metrics;
  SweeperOptions sweeping;
};

/// How this process sweeps, the same at its start and later; `ids` names it among its replicas.
SweeperOptions SweeperOptionsOf(const Config& config, const Backend& backend, IdGenerator& ids);

/// What the configuration allows of an upload, and of a row that is imported.
UploadLimits UploadLimitsOf(const Config& config);
LegacyImportLimits ImportLimitsOf(const Config& config);

/// Who listens for gRPC: this server, or one of the program that it is a part of.
enum class GrpcListener : bool { kOwn, kOfAnotherServer };

class Server {
 public:
  /// Listens. CONFIGURATION_INVALID: an address is in use, or certificates are bad.
  static Result<std::unique_ptr<Server>> Start(const ServerDependencies& dependencies,
                                               GrpcListener listener);
  /// Ends at once what Drain() has not ended.
  ~Server();

  /// What another server registers; it must be shut down before this one goes.
  grpc::Service& documents() { return grpc_service_; }
  /// nullopt: another server listens.
  std::optional<int> grpc_port() const;
  int metrics_port() const { return http_->metrics_port(); }
  /// nullopt: the store answers links itself.
  std::optional<int> links_port() const { return http_->links_port(); }
  /// The backend is open: from now on the service is ready, and looks after itself.
  void BackendOpened();
  /// Lets running calls end within `grace`, refusing new ones; then stops listening.
  void Drain(std::chrono::milliseconds grace);

  explicit Server(const ServerDependencies& dependencies);

 private:
  Status Listen(GrpcListener listener);
  Result<GrpcServerOptions> GrpcOptions() const;
  ServingState state() const;

  // In the order of dependence: what comes later uses what comes before, and ends first.
  const ServerDependencies dependencies_;
  Uploader uploader_;
  DocumentService service_;
  Sweeper sweeper_;
  Administration administration_;
  LegacySources legacy_sources_;
  LegacyImporter importer_;
  Admission admission_;
  std::atomic<bool> listening_{false};  ///< on all ports
  std::atomic<bool> backend_open_{false};
  boost::asio::thread_pool workers_;
  /// Where rows are not local: reads of them never wait for a worker that an object store holds.
  boost::asio::thread_pool row_workers_;
  DocumentGrpcService grpc_service_;
  std::unique_ptr<Upstream> upstream_;  ///< null: no UPSTREAM_GRPC
  std::unique_ptr<GrpcServer> grpc_server_;
  std::unique_ptr<HttpFront> http_;
  std::unique_ptr<AdminServer> admin_server_;
  std::unique_ptr<Maintenance> maintenance_;
};

}  // namespace satchel
