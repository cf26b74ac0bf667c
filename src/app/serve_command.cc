#include "app/serve_command.h"

#include <absl/synchronization/mutex.h>
#include <malloc.h>
#include <sys/stat.h>

#include <iostream>
#include <memory>
#include <mutex>
#include <utility>

#include "app/config_print.h"
#include "app/running_service.h"
#include "app/signals.h"
#include "cli/exit_codes.h"
#include "cli/grpc_log.h"
#include "cli/text_format.h"
#include "observability/json_logger.h"

namespace satchel {
namespace {

int Fail(const Status& status) {
  std::cerr << "satchel: " << status.message() << "\n";
  return status.Is(Reason::kInvalidField) ? cli::kExitUsage : cli::kExitFailed;
}

/// Transfers take and give back blocks of up to 1 MiB all the time. By default the allocator
/// returns such memory to the system at once and faults it in again: a tenth of a download's
/// processor time.
void KeepTransferBlocks() {
  constexpr int kMappedBytesMin = 2 * 1024 * 1024;
  constexpr int kKeptBytesMax = 8 * 1024 * 1024;  ///< in each of the allocator's arenas
  mallopt(M_MMAP_THRESHOLD, kMappedBytesMin);
  mallopt(M_TRIM_THRESHOLD, kKeptBytesMax);
}

/// gRPC's locks are Abseil's, and Debian's build of it looks for deadlocks at every one of them, in
/// one graph with one lock for all threads: that cost a passed call 5 % of its processor time.
void TrustLocksOfGrpc() { absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore); }

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

Status Serve(const LoadedConfig& loaded, const Clock& clock, JsonLogger& log) {
  const Config& config = loaded.config;
  for (const std::string& warning : loaded.warnings) log.Write(LogLevel::kWarning, warning, {});
  Ending ending;
  SATCHEL_ASSIGN_OR_RETURN(const std::unique_ptr<RunningService> service,
                           RunningService::Start(config, clock, log, GrpcListener::kOwn,
                                                 [&](const Status& why) { ending.Fail(why); }));
  WaitForTermination();
  log.Write(LogLevel::kInfo, "draining", {});
  service->server().Drain(config.shutdown_grace);
  log.Write(LogLevel::kInfo, "stopped", {});
  return ending.status();
}

}  // namespace

int RunServe(const ConfigLoader& loader) {
  const Result<LoadedConfig> loaded = loader.Load();
  if (!loaded.ok()) return Fail(loaded.status());
  if (loader.print_requested()) {
    std::cout << PrintConfig(*loaded);
    for (const std::string& warning : loaded->warnings) {
      std::cerr << "warning: " << cli::EscapeControls(warning) << "\n";
    }
    return cli::kExitOk;
  }
  // The administration socket and the database must never be open to others, not even briefly.
  umask(S_IRWXG | S_IRWXO);
  cli::QuietGrpcLog();
  PrepareSignals();
  KeepTransferBlocks();
  TrustLocksOfGrpc();
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
