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

OperationsHandler::Sources SourcesOf(const HttpFrontDependencies& dependencies) {
  MetricsRegistry& metrics = dependencies.metrics;
  Backend& backend = dependencies.backend;
  return {
      .metrics_as_json = [&metrics] { return metrics.Render(MetricsFormat::kJson); },
      .metrics_as_prometheus_text =
          [&metrics] { return metrics.Render(MetricsFormat::kPrometheusText); },
      .metrics_as_openmetrics =
          [&metrics] { return metrics.Render(MetricsFormat::kOpenMetricsText); },
      .probe_store = [&backend](const CallContext& call) { return backend.objects().Probe(call); },
      .probe_database =
          [&backend](const CallContext& call) { return backend.metadata().Probe(call); },
      .state = dependencies.state};
}

}  // namespace

HttpFront::HttpFront(const HttpFrontDependencies& dependencies)
    : work_(boost::asio::make_work_guard(io_)),
      documents_(
          std::make_unique<LinkedDocuments>(dependencies.service, dependencies.backend.objects())),
      operations_(SourcesOf(dependencies), dependencies.workers.get_executor()),
      links_({.verifier = dependencies.backend.links(),
              .documents = *documents_,
              .observer = dependencies.observer,
              .ids = dependencies.ids,
              .workers = dependencies.workers.get_executor()}) {}

Result<std::unique_ptr<HttpFront>> HttpFront::Start(const HttpFrontDependencies& dependencies) {
  auto front = std::make_unique<HttpFront>(dependencies);
  const Config& config = dependencies.config;
  SATCHEL_RETURN_IF_ERROR(front->Listen(config, dependencies.log, dependencies.workers));
  if (config.public_url.empty()) {
    dependencies.backend.links().set_public_url(
        (config.tls_cert.empty() ? "http://localhost:" : "https://localhost:") +
        std::to_string(front->links_port()));
  }
  front->operations_server_->Start();
  front->links_server_->Start();
  front->thread_ = std::jthread([&io = front->io_] { io.run(); });
  return front;
}

Status HttpFront::Listen(const Config& config, EventLog& log, boost::asio::thread_pool& workers) {
  HttpServerOptions operations{.host = config.host,
                               .port = static_cast<std::uint16_t>(config.metrics_port),
                               .port_key = "METRICS_PORT",
                               .tls = std::nullopt};
  SATCHEL_ASSIGN_OR_RETURN(
      operations_server_,
      HttpServer::Make(io_, workers.get_executor(), operations_, log, std::move(operations)));
  HttpServerOptions links{.host = config.host,
                          .port = static_cast<std::uint16_t>(config.http_port),
                          .port_key = "HTTP_PORT",
                          .tls = std::nullopt};
  links.stall_timeout = config.stream_idle_timeout;
  if (!config.tls_cert.empty()) {
    SATCHEL_ASSIGN_OR_RETURN(TlsMaterial tls, ReadTlsMaterial(config));
    links.tls = TlsIdentity{std::move(tls.certificate_pem), std::move(tls.key_pem)};
  }
  SATCHEL_ASSIGN_OR_RETURN(
      links_server_, HttpServer::Make(io_, workers.get_executor(), links_, log, std::move(links)));
  return {};
}

HttpFront::~HttpFront() {
  // The servers stop while their io_context still runs.
  links_server_.reset();
  operations_server_.reset();
  work_.reset();
  io_.stop();
}

}  // namespace satchel
