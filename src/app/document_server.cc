#include "satchel/document_server.h"

#include <utility>

#include "app/config_loader.h"
#include "app/running_service.h"
#include "observability/json_logger.h"

namespace satchel {

class DocumentServer::State {
 public:
  static Result<std::unique_ptr<State>> Open(const Settings& settings) {
    SATCHEL_ASSIGN_OR_RETURN(Config config, LoadConfig({}, settings));
    config.upstream_grpc.clear();
    auto state = std::make_unique<State>(std::move(config));
    JsonLoggerOptions options;
    options.level = state->config_.log_level;
    options.output = StandardOutputSink();
    options.directory = state->config_.log_dir;
    options.retention = state->config_.log_retention;
    SATCHEL_ASSIGN_OR_RETURN(state->log_, JsonLogger::Make(options, state->clock_));
    JsonLogger& log = *state->log_;
    const auto on_failed = [&log](const Status& why) {
      log.Write(LogLevel::kError, "cannot serve", {{"error", why.ToString()}});
    };
    SATCHEL_ASSIGN_OR_RETURN(state->service_,
                             RunningService::Start(state->config_, state->clock_, log,
                                                   GrpcListener::kOfAnotherServer, on_failed));
    return state;
  }

  explicit State(Config config) : config_(std::move(config)) {}

  Server& server() { return service_->server(); }

 private:
  const Config config_;
  const SystemClock clock_;
  std::unique_ptr<JsonLogger> log_;
  std::unique_ptr<RunningService> service_;
};

DocumentServer::DocumentServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

DocumentServer::~DocumentServer() = default;

std::unique_ptr<DocumentServer> DocumentServer::Open(const Settings& settings, std::string* error) {
  Result<std::unique_ptr<State>> state = State::Open(settings);
  if (!state.ok()) {
    *error = state.status().message();
    return nullptr;
  }
  return std::unique_ptr<DocumentServer>(new DocumentServer(*std::move(state)));
}

void DocumentServer::Register(grpc::ServerBuilder& builder) {
  builder.RegisterService(&state_->server().documents());
}

void DocumentServer::Drain(std::chrono::milliseconds grace) { state_->server().Drain(grace); }

int DocumentServer::metrics_port() const { return state_->server().metrics_port(); }

int DocumentServer::links_port() const { return state_->server().links_port().value_or(0); }

}  // namespace satchel
