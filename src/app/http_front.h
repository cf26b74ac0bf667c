/// The HTTP ports: operations (metrics, health), and signed links where the store has none of its
/// own; on a thread of their own.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include "app/backend.h"
#include "app/config.h"
#include "base/identifiers.h"
#include "base/status.h"
#include "core/document_service.h"
#include "observability/metrics_registry.h"
#include "ports/call_observer.h"
#include "ports/event_log.h"
#include "transport/http/http_server.h"
#include "transport/http/link_handler.h"
#include "transport/http/operations_handler.h"

namespace satchel {

/// What an HttpFront uses and does not own; all of it outlives the front.
struct HttpFrontDependencies {
  const Config& config;
  Backend& backend;
  DocumentService& service;
  MetricsRegistry& metrics;
  CallObserver& observer;
  EventLog& log;
  IdGenerator& ids;
  boost::asio::thread_pool& workers;
  std::function<ServingState()> state;
};

class HttpFront {
 public:
  /// Serves when it returns. CONFIGURATION_INVALID: a port cannot be had.
  static Result<std::unique_ptr<HttpFront>> Start(const HttpFrontDependencies& dependencies);
  /// Without grace.
  ~HttpFront();

  int metrics_port() const { return operations_server_->port(); }
  /// nullopt: the store answers links itself.
  std::optional<int> links_port() const;
  /// Ends the links: accepts no more, lets what runs end within `grace`. Operations go on.
  void StopLinks(std::chrono::milliseconds grace);

  explicit HttpFront(const HttpFrontDependencies& dependencies);

 private:
  class LinkedDocuments;
  Status Listen(const HttpFrontDependencies& dependencies);
  Status ListenForLinks(const HttpFrontDependencies& dependencies);

  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::unique_ptr<LinkedDocuments> documents_;
  /// Probes wait for nobody: not for workers that hang on what is being probed.
  boost::asio::thread_pool probes_;
  OperationsHandler operations_;
  std::optional<LinkHandler> links_;
  std::unique_ptr<HttpServer> operations_server_;
  std::unique_ptr<HttpServer> links_server_;  ///< null: the store answers links itself
  std::jthread thread_;
};

}  // namespace satchel
