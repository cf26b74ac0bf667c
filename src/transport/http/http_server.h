/// A small HTTP/1.1 server: GET and HEAD on one port, bounded in every direction.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>

#include "base/status.h"
#include "ports/event_log.h"
#include "transport/http/http_connection.h"
#include "transport/http/http_handler.h"
#include "transport/http/tls_context.h"

namespace satchel {

struct HttpServerOptions {
  std::string host;        ///< address or name to listen on
  std::uint16_t port = 0;  ///< 0: any free one
  std::string port_key;    ///< the configuration key of `port`, for messages
  std::optional<TlsIdentity> tls;
  /// Above it, clients are told 503, and soon not even that.
  std::size_t connections_max = 512;
  std::chrono::milliseconds request_timeout{10'000};  ///< for a request's head; TLS handshake
  std::chrono::milliseconds idle_timeout{60'000};     ///< between requests
  std::chrono::milliseconds stall_timeout{60'000};    ///< a client that takes no bytes
};

/// Start() and Stop() are called from outside of the io_context's threads, by one thread.
class HttpServer {
 public:
  /// Binds and listens; serves from Start() on. The io_context (run by any number of threads) and
  /// the rest must outlive the server. `workers` do what blocks. SIGPIPE is ignored from now on, in
  /// the whole process, unless it has a handler: sendfile() to a client that is gone raises it.
  /// CONFIGURATION_INVALID: the address cannot be had (the message names key and port), or the TLS
  /// files are wrong.
  static Result<std::unique_ptr<HttpServer>> Make(boost::asio::io_context& io,
                                                  boost::asio::any_io_executor workers,
                                                  HttpHandler& handler, EventLog& log,
                                                  HttpServerOptions options);

 private:
  struct Private {};

 public:
  /// For Make() only.
  HttpServer(Private, boost::asio::io_context& io, boost::asio::any_io_executor workers,
             HttpHandler& handler, EventLog& log, HttpServerOptions options);
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  /// Stops without grace.
  ~HttpServer();

  /// The real one, also when any was asked for.
  std::uint16_t port() const { return port_; }
  void Start();
  /// Accepts no more, closes idle connections, lets responses end for `grace`, then cuts them.
  /// Returns when no request is being served any more; the io_context must still be running.
  void Stop(std::chrono::milliseconds grace);

 private:
  class BusyHandler;

  Status Listen();
  boost::asio::awaitable<void> Accept();
  void Serve(boost::asio::ip::tcp::socket socket);
  void BeginStop(std::chrono::milliseconds grace);
  void ReportStopped();
  void LogException(const std::exception_ptr& exception);

  const HttpServerOptions options_;
  HttpHandler& handler_;
  EventLog& log_;
  const std::unique_ptr<BusyHandler> busy_handler_;
  std::shared_ptr<boost::asio::ssl::context> tls_;  ///< nullptr: plain TCP
  const boost::asio::any_io_executor workers_;
  const boost::asio::any_io_executor strand_;
  std::uint16_t port_ = 0;
  bool started_ = false;
  std::promise<void> stopped_;

  // Only on the strand, once started.
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_timer_;
  boost::asio::steady_timer grace_timer_;
  std::unordered_set<std::shared_ptr<HttpConnection>> connections_;
  bool accepting_ = false;
  bool stopping_ = false;
  bool grace_runs_ = false;
};

}  // namespace satchel
