/// METRICS_PORT: /metrics, /livez, /readyz, /health.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "transport/http/http_handler.h"
#include "transport/http/shared_probe.h"

namespace satchel {

/// Whether the service itself takes calls; what it depends on is probed.
enum class ServingState : std::uint8_t { kStarting, kServing, kDraining };

class OperationsHandler final : public HttpHandler {
 public:
  /// What the answers are made of. The renderers are called on the server's strand and must not
  /// block; the probes block, on the workers.
  struct Sources {
    std::function<std::string()> metrics_as_json;
    std::function<std::string()> metrics_as_prometheus_text;  ///< format 0.0.4
    std::function<std::string()> metrics_as_openmetrics;      ///< format 1.0.0
    SharedProbe::Probe probe_store;
    SharedProbe::Probe probe_database;
    /// nullopt: there is none. Both do not block.
    std::function<std::optional<std::string>()> store_breaker;
    std::function<std::optional<std::string>()> database_breaker;
    std::function<ServingState()> state;
  };

  OperationsHandler(Sources sources, boost::asio::any_io_executor workers);

  boost::asio::awaitable<HttpResponse> Handle(const HttpRequest& request) override;

 private:
  HttpResponse Metrics(const HttpRequest& request) const;
  boost::asio::awaitable<HttpResponse> Readiness();

  const Sources sources_;
  SharedProbe store_;
  SharedProbe database_;
};

}  // namespace satchel
