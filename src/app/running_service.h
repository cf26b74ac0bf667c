/// Everything between configuration and signals: stores, checks, the service and its listeners, as
/// one thing that starts, drains and ends.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "app/backend.h"
#include "app/config.h"
#include "app/server.h"
#include "app/startup.h"
#include "base/clock.h"
#include "base/identifiers.h"
#include "observability/json_logger.h"
#include "observability/metrics_registry.h"
#include "observability/observer_fanout.h"

namespace satchel {

class RunningService {
 public:
  /// Told when a check fails that could be made only after the start; the service stays not ready.
  using OnFailed = std::function<void(const Status& why)>;

  /// Serves when it returns; where store or database are away, it is ready once they come. All
  /// arguments outlive the service.
  static Result<std::unique_ptr<RunningService>> Start(const Config& config, const Clock& clock,
                                                       JsonLogger& log, GrpcListener listener,
                                                       OnFailed on_failed);
  /// Ends at once what Server::Drain() has not ended.
  ~RunningService() = default;
  RunningService(const RunningService&) = delete;
  RunningService& operator=(const RunningService&) = delete;

  Server& server() { return *server_; }

  RunningService(const Clock& clock, JsonLogger& log);

 private:
  Status Open(const Config& config, GrpcListener listener, OnFailed on_failed);

  // What comes later uses what comes before, and ends first.
  const Clock& clock_;
  JsonLogger& log_;
  SecureIdGenerator ids_;
  MetricsRegistry metrics_;
  ObserverFanout observer_;
  std::unique_ptr<Backend> backend_;
  std::optional<Startup> startup_;
  std::unique_ptr<Server> server_;
  std::optional<LaterStartup> later_;
};

}  // namespace satchel
