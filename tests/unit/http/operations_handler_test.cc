#include "transport/http/operations_handler.h"

#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <optional>
#include <string>

#include "unit/http/http_fixture.h"

namespace satchel::testing {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

class OperationsHandlerTest : public HttpServerTest {
 protected:
  void SetUp() override {
    options_.port_key = "METRICS_PORT";
    OperationsHandler::Sources sources;
    sources.metrics_as_json = [] { return std::string("{\"documents_upload_total\":1}\n"); };
    sources.metrics_as_prometheus_text = [] { return std::string("text 1\n"); };
    sources.metrics_as_openmetrics = [] { return std::string("open 1\n# EOF\n"); };
    sources.probe_store = [this](const CallContext&) { return Probe(store_); };
    sources.probe_database = [this](const CallContext&) { return Probe(database_); };
    sources.state = [this] { return state_.load(); };
    sources.store_breaker = [this] { return store_breaker_; };
    sources.database_breaker = [this] { return database_breaker_; };
    handler_ = std::make_unique<OperationsHandler>(std::move(sources), workers_.get_executor());
    Start(*handler_);
  }
  void TearDown() override {
    hang_.set_value();
    // The probes use what this fixture owns.
    workers_.join();
  }

  enum class Health { kUp, kDown, kHung };

  Status Probe(const std::atomic<Health>& health) {
    if (health == Health::kHung) hung_.wait();
    return health == Health::kUp ? Status() : Status(Reason::kDatabaseUnavailable, "down");
  }

  HttpAnswer Get(const std::string& target, const std::string& headers = "") {
    return HttpClient(port()).Get(target, headers);
  }

  std::atomic<Health> store_{Health::kUp};
  std::atomic<Health> database_{Health::kUp};
  std::atomic<ServingState> state_{ServingState::kServing};
  // Set before a request, read by its answer.
  std::optional<std::string> store_breaker_;
  std::optional<std::string> database_breaker_;
  std::promise<void> hang_;
  std::shared_future<void> hung_ = hang_.get_future().share();
  std::unique_ptr<OperationsHandler> handler_;
};

TEST_F(OperationsHandlerTest, MetricsComeInThreeForms) {
  HttpAnswer answer = Get("/metrics");
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(answer.headers.at("content-type"), "application/json");
  EXPECT_EQ(answer.body, "{\"documents_upload_total\":1}\n");

  answer = Get("/metrics?x=y", "Accept: text/plain;version=0.0.4\r\n");
  EXPECT_EQ(answer.headers.at("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(answer.body, "text 1\n");

  answer = Get("/metrics", "Accept: application/openmetrics-text;version=1.0.0\r\n");
  EXPECT_EQ(answer.headers.at("content-type"),
            "application/openmetrics-text; version=1.0.0; charset=utf-8");
  EXPECT_EQ(answer.body, "open 1\n# EOF\n");

  answer = Get("/metrics", "Accept: image/png\r\n");
  EXPECT_EQ(answer.headers.at("content-type"), "application/json");
}

TEST_F(OperationsHandlerTest, UnknownPathsAreNotFound) {
  for (const char* path : {"/", "/metricsx", "/metrics/", "/../etc/passwd", "/health/live"}) {
    EXPECT_EQ(Get(path).status, 404U) << path;
  }
}

TEST_F(OperationsHandlerTest, ReadyWhenBothAreUp) {
  for (const char* path : {"/readyz", "/health"}) {
    const HttpAnswer answer = Get(path);
    EXPECT_EQ(answer.status, 200U);
    EXPECT_EQ(answer.body, "{\"status\":\"ok\",\"store\":\"ok\",\"database\":\"ok\"}\n");
    EXPECT_EQ(answer.headers.at("content-type"), "application/json");
  }
}

TEST_F(OperationsHandlerTest, SaysWhichIsDown) {
  database_ = Health::kDown;
  HttpAnswer answer = Get("/readyz");
  EXPECT_EQ(answer.status, 503U);
  EXPECT_EQ(answer.body,
            "{\"status\":\"unavailable\",\"store\":\"ok\",\"database\":\"unavailable\"}\n");
  database_ = Health::kUp;
  store_ = Health::kDown;
  answer = Get("/health");
  EXPECT_EQ(answer.status, 503U);
  EXPECT_EQ(answer.body,
            "{\"status\":\"unavailable\",\"store\":\"unavailable\",\"database\":\"ok\"}\n");
  EXPECT_EQ(Get("/livez").status, 200U) << "the process is none the worse";
}

TEST_F(OperationsHandlerTest, NamesTheStatesOfBreakersThatAreThere) {
  database_ = Health::kDown;
  database_breaker_ = "open";
  EXPECT_EQ(Get("/readyz").body,
            "{\"status\":\"unavailable\",\"store\":\"ok\",\"database\":\"unavailable\","
            "\"databaseBreaker\":\"open\"}\n");
  database_ = Health::kUp;
  store_breaker_ = "closed";
  database_breaker_ = "half-open";
  EXPECT_EQ(Get("/health").body,
            "{\"status\":\"ok\",\"store\":\"ok\",\"database\":\"ok\",\"storeBreaker\":\"closed\","
            "\"databaseBreaker\":\"half-open\"}\n");
}

TEST_F(OperationsHandlerTest, NotReadyBeforeAndAfterServing) {
  state_ = ServingState::kStarting;
  HttpAnswer answer = Get("/readyz");
  EXPECT_EQ(answer.status, 503U);
  EXPECT_EQ(answer.body, "{\"status\":\"starting\",\"store\":\"ok\",\"database\":\"ok\"}\n");
  state_ = ServingState::kDraining;
  answer = Get("/readyz");
  EXPECT_EQ(answer.status, 503U);
  EXPECT_EQ(answer.body, "{\"status\":\"draining\",\"store\":\"ok\",\"database\":\"ok\"}\n");
}

TEST_F(OperationsHandlerTest, AnswersWithinTenSecondsWhileBothHang) {
  store_ = database_ = Health::kHung;
  const auto start = steady_clock::now();
  const HttpAnswer answer = Get("/readyz");
  EXPECT_LT(steady_clock::now() - start, seconds(9));
  EXPECT_EQ(answer.status, 503U);
  EXPECT_EQ(
      answer.body,
      "{\"status\":\"unavailable\",\"store\":\"unavailable\",\"database\":\"unavailable\"}\n");
  EXPECT_EQ(Get("/livez").status, 200U);
}

TEST_F(OperationsHandlerTest, HeadWorksToo) {
  HttpClient client(port());
  for (const char* path : {"/metrics", "/livez", "/readyz", "/health"}) {
    client.Request(path, "", "HEAD");
    EXPECT_EQ(client.Receive(false).status, 200U) << path;
  }
}

}  // namespace
}  // namespace satchel::testing
