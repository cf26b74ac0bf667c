#include "app/running_service.h"

#include <utility>

#include "base/version.h"
#include "resilience/unavailable.h"

namespace satchel {
namespace {

LogFields Listening(const Config& config, const Server& server) {
  LogFields fields = {{"version", std::string(kVersion)}, {"host", config.host}};
  if (const std::optional<int> port = server.grpc_port()) {
    fields.emplace_back("port", std::to_string(*port));
  }
  fields.emplace_back("metricsPort", std::to_string(server.metrics_port()));
  if (const std::optional<int> port = server.links_port()) {
    fields.emplace_back("linksPort", std::to_string(*port));
  }
  if (UsesStorageFolder(config)) fields.emplace_back("storageDir", config.storage_dir);
  return fields;
}

}  // namespace

RunningService::RunningService(const Clock& clock, JsonLogger& log)
    : clock_(clock), log_(log), metrics_(kVersion, clock), observer_({&metrics_, &log}) {}

Result<std::unique_ptr<RunningService>> RunningService::Start(const Config& config,
                                                              const Clock& clock, JsonLogger& log,
                                                              GrpcListener listener,
                                                              OnFailed on_failed) {
  auto service = std::make_unique<RunningService>(clock, log);
  SATCHEL_RETURN_IF_ERROR(service->Open(config, listener, std::move(on_failed)));
  return service;
}

Status RunningService::Open(const Config& config, GrpcListener listener, OnFailed on_failed) {
  const Migrate migrate = config.migrate_on_start ? Migrate::kYes : Migrate::kNo;
  SATCHEL_ASSIGN_OR_RETURN(backend_, Backend::Make(config, Backend::Missing::kMake, migrate,
                                                   {clock_, ids_, log_, metrics_}));
  const SweeperOptions sweeping = SweeperOptionsOf(config, *backend_, ids_);
  startup_.emplace(StartupDependencies{*backend_, clock_, log_, metrics_, sweeping});
  Status checked = startup_->Try(CallContext("start"));
  if (!checked.ok() && !IsAway(checked)) return checked;
  SATCHEL_ASSIGN_OR_RETURN(
      server_, Server::Start({config, *backend_, clock_, ids_, log_, observer_, metrics_, sweeping},
                             listener));
  log_.Write(LogLevel::kInfo,
             listener == GrpcListener::kOwn ? "serving" : "ready for the server that it is part of",
             Listening(config, *server_));
  if (checked.ok()) {
    server_->BackendOpened();
    return {};
  }
  log_.Write(LogLevel::kWarning, "not ready: store or database is away; tried until it answers",
             {{"cause", checked.ToString()}});
  later_.emplace(
      *startup_,
      [this] {
        server_->BackendOpened();
        log_.Write(LogLevel::kInfo, "ready: store and database answer", {});
      },
      std::move(on_failed));
  return {};
}

}  // namespace satchel
