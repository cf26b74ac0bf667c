#include "app/http_front.h"

#include <optional>
#include <utility>

#include "app/config_tls.h"
#include "core/download.h"

namespace satchel {

/// Documents of links, as the core finds them.
class HttpFront::LinkedDocuments final : public LinkedDocumentSource {
 public:
  LinkedDocuments(DocumentService& service, ObjectStore& objects)
      : service_(service), objects_(objects) {}

  Result<std::optional<Document>> Resolve(const CallContext& call, const DocumentId& id) override {
    return service_.FindLinked(call, id);
  }
  Result<std::unique_ptr<ObjectReader>> Open(const CallContext& call, const Document& document,
                                             std::int64_t offset) override {
    return objects_.Open(call, ObjectOf(document), offset);
  }

 private:
  DocumentService& service_;
  ObjectStore& objects_;
};

namespace {

constexpr std::size_t kProbesAtOnce = 2;  ///< store and database

std::optional<std::string> BreakerName(const Backend& backend, Dependency dependency) {
  const std::optional<BreakerState> state = backend.breaker_state(dependency);
  if (!state) return std::nullopt;
  return std::string(NameOf(*state));
}

OperationsHandler::Sources SourcesOf(const HttpFrontDependencies& dependencies) {
  MetricsRegistry& metrics = dependencies.metrics;
  Backend& backend = dependencies.backend;
  return {.metrics_as_json = [&metrics] { return metrics.Render(MetricsFormat::kJson); },
          .metrics_as_prometheus_text =
              [&metrics] { return metrics.Render(MetricsFormat::kPrometheusText); },
          .metrics_as_openmetrics =
              [&metrics] { return metrics.Render(MetricsFormat::kOpenMetricsText); },
          .probe_store =
              [&backend](const CallContext& call) {
                return backend.Probe(call, Dependency::kObjectStore);
              },
          .probe_database =
              [&backend](const CallContext& call) {
                return backend.Probe(call, Dependency::kDatabase);
              },
          .store_breaker = [&backend] { return BreakerName(backend, Dependency::kObjectStore); },
          .database_breaker = [&backend] { return BreakerName(backend, Dependency::kDatabase); },
          .state = dependencies.state};
}

}  // namespace

HttpFront::HttpFront(const HttpFrontDependencies& dependencies)
    : work_(boost::asio::make_work_guard(io_)),
      documents_(
          std::make_unique<LinkedDocuments>(dependencies.service, dependencies.backend.objects())),
      probes_(kProbesAtOnce),
      operations_(SourcesOf(dependencies), probes_.get_executor()) {}

Result<std::unique_ptr<HttpFront>> HttpFront::Start(const HttpFrontDependencies& dependencies) {
  auto front = std::make_unique<HttpFront>(dependencies);
  SATCHEL_RETURN_IF_ERROR(front->Listen(dependencies));
  if (dependencies.backend.own_links() != nullptr) {
    SATCHEL_RETURN_IF_ERROR(front->ListenForLinks(dependencies));
    front->links_server_->Start();
  }
  front->operations_server_->Start();
  front->thread_ = std::jthread([&io = front->io_] { io.run(); });
  return front;
}

Status HttpFront::Listen(const HttpFrontDependencies& dependencies) {
  const Config& config = dependencies.config;
  HttpServerOptions operations{.host = config.host,
                               .port = static_cast<std::uint16_t>(config.metrics_port),
                               .port_key = "METRICS_PORT",
                               .tls = std::nullopt};
  SATCHEL_ASSIGN_OR_RETURN(operations_server_,
                           HttpServer::Make(io_, dependencies.workers.get_executor(), operations_,
                                            dependencies.log, std::move(operations)));
  return {};
}

Status HttpFront::ListenForLinks(const HttpFrontDependencies& dependencies) {
  const Config& config = dependencies.config;
  LocalLinkSigner& signer = *dependencies.backend.own_links();
  links_.emplace(LinkHandler::Parts{.verifier = signer,
                                    .documents = *documents_,
                                    .observer = dependencies.observer,
                                    .ids = dependencies.ids,
                                    .workers = dependencies.workers.get_executor()});
  HttpServerOptions links{.host = config.host,
                          .port = static_cast<std::uint16_t>(config.http_port),
                          .port_key = "HTTP_PORT",
                          .tls = std::nullopt};
  links.stall_timeout = config.stream_idle_timeout;
  if (!config.tls_cert.empty()) {
    SATCHEL_ASSIGN_OR_RETURN(TlsMaterial tls, ReadTlsMaterial(config));
    links.tls = TlsIdentity{std::move(tls.certificate_pem), std::move(tls.key_pem)};
  }
  SATCHEL_ASSIGN_OR_RETURN(links_server_,
                           HttpServer::Make(io_, dependencies.workers.get_executor(), *links_,
                                            dependencies.log, std::move(links)));
  if (config.public_url.empty()) {
    signer.set_public_url((config.tls_cert.empty() ? "http://localhost:" : "https://localhost:") +
                          std::to_string(links_server_->port()));
  }
  return {};
}

std::optional<int> HttpFront::links_port() const {
  if (links_server_ == nullptr) return std::nullopt;
  return links_server_->port();
}

void HttpFront::StopLinks(std::chrono::milliseconds grace) {
  if (links_server_ != nullptr) links_server_->Stop(grace);
}

HttpFront::~HttpFront() {
  // The servers stop while their io_context still runs.
  links_server_.reset();
  operations_server_.reset();
  work_.reset();
  io_.stop();
  probes_.join();
}

}  // namespace satchel
