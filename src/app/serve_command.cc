#include "app/serve_command.h"

#include <malloc.h>
#include <sys/stat.h>

#include <iostream>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "app/backend.h"
#include "app/config_checks.h"
#include "app/config_print.h"
#include "app/server.h"
#include "app/signals.h"
#include "app/startup.h"
#include "base/version.h"
#include "cli/exit_codes.h"
#include "cli/grpc_log.h"
#include "observability/json_logger.h"
#include "observability/observer_fanout.h"
#include "resilience/unavailable.h"

namespace satchel {
namespace {

int Fail(const Status& status) {
  std::cerr << "satchel: " << status.message() << "\n";
  return status.Is(Reason::kInvalidField) ? cli::kExitUsage : cli::kExitFailed;
}

/// Transfers take and give back blocks of 256 KiB all the time. By default the allocator returns
/// such memory to the system at once and faults it in again: a tenth of a download's processor
/// time.
void KeepTransferBlocks() {
  constexpr int kMappedBytesMin = 1024 * 1024;
  constexpr int kKeptBytesMax = 8 * 1024 * 1024;  ///< in each of the allocator's arenas
  mallopt(M_MMAP_THRESHOLD, kMappedBytesMin);
  mallopt(M_TRIM_THRESHOLD, kKeptBytesMax);
}

/// Why the process ends: asked to, or by a check that failed once it could be made.
class Ending {
 public:
  void Fail(const Status& why) {
    {
      const std::lock_guard lock(mutex_);
      status_ = why;
    }
    RequestTermination();
  }
  Status status() const {
    const std::lock_guard lock(mutex_);
    return status_;
  }

 private:
  mutable std::mutex mutex_;
  Status status_;  ///< guarded by the mutex
};

LogFields Listening(const Config& config, const Server& server) {
  LogFields fields = {{"version", std::string(kVersion)},
                      {"host", config.host},
                      {"port", std::to_string(server.grpc_port())},
                      {"metricsPort", std::to_string(server.metrics_port())}};
  if (const std::optional<int> port = server.links_port()) {
    fields.emplace_back("linksPort", std::to_string(*port));
  }
  if (UsesStorageFolder(config)) fields.emplace_back("storageDir", config.storage_dir);
  return fields;
}

Status Serve(const LoadedConfig& loaded, const Clock& clock, JsonLogger& log) {
  const Config& config = loaded.config;
  SecureIdGenerator ids;
  MetricsRegistry metrics(kVersion, clock);
  ObserverFanout observer({&metrics, &log});
  for (const std::string& warning : loaded.warnings) log.Write(LogLevel::kWarning, warning, {});

  const Migrate migrate = config.migrate_on_start ? Migrate::kYes : Migrate::kNo;
  SATCHEL_ASSIGN_OR_RETURN(
      const std::unique_ptr<Backend> backend,
      Backend::Make(config, Backend::Missing::kMake, migrate, {clock, ids, log, metrics}));
  const SweeperOptions sweeping = SweeperOptionsOf(config, *backend, ids);
  Startup startup({*backend, clock, log, metrics, sweeping});
  const Status checked = startup.Try(CallContext("start"));
  if (!checked.ok() && !IsAway(checked)) return checked;
  SATCHEL_ASSIGN_OR_RETURN(
      const std::unique_ptr<Server> server,
      Server::Start({config, *backend, clock, ids, log, observer, metrics, sweeping}));
  log.Write(LogLevel::kInfo, "serving", Listening(config, *server));
  Ending ending;
  // Behind the server, which it opens: it ends first.
  std::optional<LaterStartup> later;
  if (checked.ok()) {
    server->BackendOpened();
  } else {
    log.Write(LogLevel::kWarning, "not ready: store or database is away; tried until it answers",
              {{"cause", checked.ToString()}});
    later.emplace(
        startup,
        [&] {
          server->BackendOpened();
          log.Write(LogLevel::kInfo, "ready: store and database answer", {});
        },
        [&](const Status& why) { ending.Fail(why); });
  }
  WaitForTermination();
  log.Write(LogLevel::kInfo, "draining", {});
  server->Drain();
  log.Write(LogLevel::kInfo, "stopped", {});
  return ending.status();
}

}  // namespace

int RunServe(const ConfigLoader& loader) {
  const Result<LoadedConfig> loaded = loader.Load();
  if (!loaded.ok()) return Fail(loaded.status());
  if (loader.print_requested()) {
    std::cout << PrintConfig(*loaded);
    return cli::kExitOk;
  }
  if (const Status built = CheckBuilt(loaded->config); !built.ok()) return Fail(built);
  // The administration socket and the database must never be open to others, not even briefly.
  umask(S_IRWXG | S_IRWXO);
  cli::QuietGrpcLog();
  PrepareSignals();
  KeepTransferBlocks();
  const SystemClock clock;
  JsonLoggerOptions options;
  options.level = loaded->config.log_level;
  options.output = StandardOutputSink();
  options.directory = loaded->config.log_dir;
  options.retention = loaded->config.log_retention;
  const Result<std::unique_ptr<JsonLogger>> log = JsonLogger::Make(options, clock);
  if (!log.ok()) return Fail(log.status());
  const Status served = Serve(*loaded, clock, **log);
  if (served.ok()) return cli::kExitOk;
  (*log)->Write(LogLevel::kError, "cannot serve", {{"error", served.ToString()}});
  return Fail(served);
}

}  // namespace satchel
