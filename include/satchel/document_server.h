/// Satchel as a part of another program: document.DocumentService on a gRPC server of one's own.
///
// clang-format off
///     std::string error;
///     const auto documents = satchel::DocumentServer::Open({{"STORAGE_DIR", "/srv/d"}}, &error);
///     if (documents == nullptr) …                  // `error` names the key and what it takes
///     grpc::ServerBuilder builder;
///     documents->Register(builder);
///     const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
///     …
///     documents->Drain(std::chrono::seconds(8));   // running calls may end, new ones are refused
///     server->Shutdown();                          // then the server; then `documents` may go
// clang-format on
#pragma once

#include <grpcpp/server_builder.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>

namespace satchel {

/// Thread-safe, but for construction and destruction. One process may hold several, over folders
/// or stores of their own.
class DocumentServer {
 public:
  /// The configuration keys of `satchel serve`; what is left out has its default. Those of the
  /// gRPC listener (PORT, TLS_CLIENT_CA, UPSTREAM_GRPC) say nothing here: the listener is the
  /// caller's. HOST, TLS_CERT and TLS_KEY are those of the links. The environment is not read.
  using Settings = std::map<std::string, std::string>;

  /// Opens the stores, checks them, starts upkeep, metrics and links; null, with the reason in
  /// `error`, when something is wrong with them or with the settings. Log lines go to standard
  /// output, as those of `satchel serve` do. SIGPIPE is ignored from then on where the program has
  /// no handler of its own for it: it must not end the program.
  static std::unique_ptr<DocumentServer> Open(const Settings& settings, std::string* error);

  /// Ends what Drain() has not. The gRPC server must have been shut down.
  ~DocumentServer();
  DocumentServer(const DocumentServer&) = delete;
  DocumentServer& operator=(const DocumentServer&) = delete;

  /// Adds the service to a server that is yet to be built; once. This object must outlive it.
  void Register(grpc::ServerBuilder& builder);

  /// Refuses new calls (UNAVAILABLE, SHUTTING_DOWN), gives running ones `grace` to end, and ends
  /// the others. Then shut the gRPC server down, with a deadline: statuses may be on their way.
  void Drain(std::chrono::milliseconds grace);

  /// Where /metrics, /health, /livez and /readyz are, and signed links, when ports were left to
  /// chance (METRICS_PORT 0, HTTP_PORT 0). links_port() is 0 where the store answers links itself.
  int metrics_port() const;
  int links_port() const;

 private:
  class State;
  explicit DocumentServer(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace satchel
