/// A real server on a free port of this machine, and what it needs.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "ports/event_log.h"
#include "transport/http/http_server.h"
#include "unit/http/http_client.h"

namespace satchel::testing {

class RecordingLog final : public EventLog {
 public:
  void Write(LogLevel /*level*/, std::string_view message, const LogFields& /*fields*/) override {
    const std::lock_guard lock(mutex_);
    messages_.emplace_back(message);
  }
  std::vector<std::string> messages() const {
    const std::lock_guard lock(mutex_);
    return messages_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> messages_;
};

/// Answers by a function.
class FunctionHandler final : public HttpHandler {
 public:
  using Function = std::function<boost::asio::awaitable<HttpResponse>(const HttpRequest&)>;
  explicit FunctionHandler(Function function) : function_(std::move(function)) {}
  boost::asio::awaitable<HttpResponse> Handle(const HttpRequest& request) override {
    return function_(request);
  }

 private:
  const Function function_;
};

class HttpServerTest : public ::testing::Test {
 protected:
  HttpServerTest() { options_.host = "127.0.0.1", options_.port_key = "HTTP_PORT"; }

  ~HttpServerTest() override {
    server_.reset();
    guard_.reset();
    if (thread_.joinable()) thread_.join();
  }

  void Start(HttpHandler& handler) {
    auto made = HttpServer::Make(io_, workers_.get_executor(), handler, log_, options_);
    ASSERT_TRUE(made.ok()) << made.status().ToString();
    server_ = std::move(made).value();
    server_->Start();
    thread_ = std::thread([this] { io_.run(); });
  }

  std::uint16_t port() const { return server_->port(); }

  HttpServerOptions options_;
  RecordingLog log_;
  boost::asio::thread_pool workers_{4};
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_ =
      boost::asio::make_work_guard(io_);
  std::unique_ptr<HttpServer> server_;
  std::thread thread_;
};

}  // namespace satchel::testing
