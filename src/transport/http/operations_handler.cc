#include "transport/http/operations_handler.h"

#include <array>
#include <boost/asio/this_coro.hpp>
#include <chrono>
#include <string_view>
#include <utility>

#include "transport/http/accept_header.h"

namespace satchel {
namespace {

/// Answers are promised within 10 s; store and database are probed at the same time.
constexpr std::chrono::milliseconds kProbeTimeout{5000};

constexpr std::size_t kMetricsAsJson = 0;
constexpr std::size_t kMetricsAsPrometheusText = 1;
constexpr std::array<MediaType, 3> kMetricsTypes = {{
    {"application/json", ""},
    {"text/plain", "0.0.4"},
    {"application/openmetrics-text", "1.0.0"},
}};

HttpResponse Content(std::string_view type, std::string body, unsigned status = 200) {
  HttpResponse response(status);
  response.SetBody(type, std::move(body));
  response.Set("Cache-Control", "no-store");
  return response;
}

std::string_view Word(const Status& outcome) { return outcome.ok() ? "ok" : "unavailable"; }

std::string_view Word(ServingState state, bool dependencies_ok) {
  if (state == ServingState::kStarting) return "starting";
  if (state == ServingState::kDraining) return "draining";
  return dependencies_ok ? "ok" : "unavailable";
}

}  // namespace

OperationsHandler::OperationsHandler(Sources sources, boost::asio::any_io_executor workers)
    : sources_(std::move(sources)),
      store_(workers, sources_.probe_store, kProbeTimeout),
      database_(workers, sources_.probe_database, kProbeTimeout) {}

boost::asio::awaitable<HttpResponse> OperationsHandler::Handle(const HttpRequest& request) {
  const std::string_view target = request.target;
  const std::string_view path = target.substr(0, target.find('?'));
  if (path == "/metrics") co_return Metrics(request);
  if (path == "/livez") co_return Content("application/json", "{\"status\":\"ok\"}\n");
  if (path == "/readyz" || path == "/health") co_return co_await Readiness();
  co_return HttpResponse::Text(404, "There are /metrics, /livez, /readyz and /health.");
}

HttpResponse OperationsHandler::Metrics(const HttpRequest& request) const {
  // A header that fits nothing should not cost an operator the numbers.
  const std::size_t chosen =
      ChooseMediaType(request.Header("accept"), kMetricsTypes).value_or(kMetricsAsJson);
  if (chosen == kMetricsAsJson) return Content("application/json", sources_.metrics_as_json());
  if (chosen == kMetricsAsPrometheusText) {
    return Content("text/plain; version=0.0.4; charset=utf-8",
                   sources_.metrics_as_prometheus_text());
  }
  return Content("application/openmetrics-text; version=1.0.0; charset=utf-8",
                 sources_.metrics_as_openmetrics());
}

boost::asio::awaitable<HttpResponse> OperationsHandler::Readiness() {
  const auto strand = co_await boost::asio::this_coro::executor;
  store_.Begin(strand);
  database_.Begin(strand);
  const Status store = co_await store_.Wait();
  const Status database = co_await database_.Wait();
  const ServingState state = sources_.state();
  const bool dependencies_ok = store.ok() && database.ok();
  const bool ready = dependencies_ok && state == ServingState::kServing;
  std::string body = "{\"status\":\"";
  body.append(Word(state, dependencies_ok));
  body.append("\",\"store\":\"").append(Word(store));
  body.append("\",\"database\":\"").append(Word(database)).append("\"");
  const auto add_breaker = [&](std::string_view key, const std::optional<std::string>& breaker) {
    if (breaker) body.append(",\"").append(key).append("\":\"").append(*breaker).append("\"");
  };
  add_breaker("storeBreaker", sources_.store_breaker());
  add_breaker("databaseBreaker", sources_.database_breaker());
  body.append("}\n");
  co_return Content("application/json", std::move(body), ready ? 200 : 503);
}

}  // namespace satchel
