#include "transport/http/http_server.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <csignal>
#include <exception>
#include <utility>

#include "transport/http/request_head.h"

namespace satchel {
namespace {

using boost::asio::ip::tcp;

/// Connections above the limit that are still told so; what comes on top is closed unanswered.
constexpr std::size_t kRefusalsMax = 64;
constexpr std::chrono::milliseconds kRefusalTimeout{1000};
/// After accept() failed, mostly for want of descriptors: trying again at once would spin.
constexpr std::chrono::milliseconds kAcceptPause{100};

/// A program that this server is a part of may have a handler of its own.
void IgnoreBrokenPipes() {
  struct sigaction current {};
  if (sigaction(SIGPIPE, nullptr, &current) == 0 && current.sa_handler == SIG_DFL) {
    std::signal(SIGPIPE, SIG_IGN);
  }
}

}  // namespace

class HttpServer::BusyHandler final : public HttpHandler {
 public:
  boost::asio::awaitable<HttpResponse> Handle(const HttpRequest&) override {
    co_return HttpResponse::Text(503, "Too many connections; try again in a moment.")
        .Set("Retry-After", "1");
  }
};

Result<std::unique_ptr<HttpServer>> HttpServer::Make(boost::asio::io_context& io,
                                                     boost::asio::any_io_executor workers,
                                                     HttpHandler& handler, EventLog& log,
                                                     HttpServerOptions options) {
  IgnoreBrokenPipes();
  auto server = std::make_unique<HttpServer>(Private{}, io, std::move(workers), handler, log,
                                             std::move(options));
  if (server->options_.tls) {
    SATCHEL_ASSIGN_OR_RETURN(server->tls_, MakeTlsContext(*server->options_.tls));
  }
  SATCHEL_RETURN_IF_ERROR(server->Listen());
  return server;
}

HttpServer::HttpServer(Private, boost::asio::io_context& io, boost::asio::any_io_executor workers,
                       HttpHandler& handler, EventLog& log, HttpServerOptions options)
    : options_(std::move(options)),
      handler_(handler),
      log_(log),
      busy_handler_(std::make_unique<BusyHandler>()),
      workers_(std::move(workers)),
      strand_(boost::asio::make_strand(io)),
      acceptor_(strand_),
      pause_timer_(strand_),
      grace_timer_(strand_) {}

HttpServer::~HttpServer() { Stop(std::chrono::milliseconds(0)); }

Status HttpServer::Listen() {
  const std::string port = std::to_string(options_.port);
  boost::system::error_code error;
  tcp::resolver resolver(strand_);
  const auto addresses = resolver.resolve(
      options_.host, port, tcp::resolver::passive | tcp::resolver::numeric_service, error);
  if (error || addresses.empty()) {
    return ConfigurationError("HOST " + options_.host +
                              " is no address of this machine: " + error.message());
  }
  const tcp::endpoint address = addresses.begin()->endpoint();
  acceptor_.open(address.protocol(), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(address, error);
  if (!error) acceptor_.listen(boost::asio::socket_base::max_listen_connections, error);
  const std::string where = options_.port_key + " " + port + " on " + options_.host;
  if (error == boost::asio::error::address_in_use) {
    return ConfigurationError(where + " is in use by another process; stop that one, or set " +
                              options_.port_key + " to a free port");
  }
  if (error) return ConfigurationError("cannot listen at " + where + ": " + error.message());
  port_ = acceptor_.local_endpoint().port();
  return {};
}

void HttpServer::Start() {
  started_ = true;
  accepting_ = true;
  boost::asio::co_spawn(strand_, Accept(), [this](const std::exception_ptr& exception) {
    LogException(exception);
    accepting_ = false;
    ReportStopped();
  });
}

boost::asio::awaitable<void> HttpServer::Accept() {
  while (!stopping_) {
    auto [error, socket] = co_await acceptor_.async_accept(kAwait);
    if (stopping_) co_return;
    if (!error) {
      Serve(std::move(socket));
    } else if (error != boost::asio::error::connection_aborted) {
      log_.Write(LogLevel::kWarning, "a connection could not be accepted",
                 {{"port", std::to_string(port_)}, {"error", error.message()}});
      pause_timer_.expires_after(kAcceptPause);
      co_await pause_timer_.async_wait(kAwait);
    }
  }
}

void HttpServer::Serve(tcp::socket socket) {
  const std::size_t count = connections_.size();
  if (count >= options_.connections_max + kRefusalsMax) return;
  const bool refuse = count >= options_.connections_max;
  ConnectionSettings settings;
  settings.request_timeout = refuse ? kRefusalTimeout : options_.request_timeout;
  settings.idle_timeout = refuse ? kRefusalTimeout : options_.idle_timeout;
  settings.stall_timeout = refuse ? kRefusalTimeout : options_.stall_timeout;
  settings.keep_alive = !refuse;
  settings.workers = workers_;

  boost::system::error_code ignored;  // slower without, and that is all
  socket.set_option(tcp::no_delay(true), ignored);
  HttpHandler& handler = refuse ? static_cast<HttpHandler&>(*busy_handler_) : handler_;
  auto connection = MakeHttpConnection(std::move(socket), tls_.get(), handler, std::move(settings));
  connections_.insert(connection);
  boost::asio::co_spawn(strand_, connection->Run(),
                        [this, connection](const std::exception_ptr& exception) {
                          LogException(exception);
                          connections_.erase(connection);
                          ReportStopped();
                        });
}

void HttpServer::Stop(std::chrono::milliseconds grace) {
  if (!started_) return;
  started_ = false;
  boost::asio::post(strand_, [this, grace] { BeginStop(grace); });
  stopped_.get_future().wait();
}

void HttpServer::BeginStop(std::chrono::milliseconds grace) {
  stopping_ = true;
  boost::system::error_code ignored;  // it listens no more either way
  acceptor_.close(ignored);
  pause_timer_.cancel();
  for (const auto& connection : connections_) connection->StopWhenIdle();
  grace_runs_ = true;
  grace_timer_.expires_after(grace);
  grace_timer_.async_wait([this](const boost::system::error_code&) {
    grace_runs_ = false;
    for (const auto& connection : connections_) connection->Cut();
    ReportStopped();
  });
  ReportStopped();
}

void HttpServer::ReportStopped() {
  if (!stopping_ || accepting_ || !connections_.empty()) return;
  // A timer that has run out can no longer be cancelled, so its handler is waited for.
  if (grace_runs_) {
    grace_timer_.cancel();
    return;
  }
  // `this` may be gone right after.
  stopped_.set_value();
}

void HttpServer::LogException(const std::exception_ptr& exception) {
  if (!exception) return;
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& error) {
    log_.Write(LogLevel::kError, "an HTTP connection ended by an exception",
               {{"error", error.what()}});
  }
}

}  // namespace satchel
