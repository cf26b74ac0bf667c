/// One connection of an HTTP/1.1 server: requests in, responses out, one after the other.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <chrono>
#include <memory>

#include "transport/http/http_handler.h"

namespace satchel {

struct ConnectionSettings {
  /// For the TLS handshake, and for a request's head from its first byte on.
  std::chrono::milliseconds request_timeout{0};
  std::chrono::milliseconds idle_timeout{0};   ///< between requests
  std::chrono::milliseconds stall_timeout{0};  ///< while the peer takes no byte of a response
  bool keep_alive = true;
  boost::asio::any_io_executor workers;  ///< for reading files and sendfile
};

/// All calls come from one strand, which is also the executor of the socket.
class HttpConnection {
 public:
  virtual ~HttpConnection() = default;
  /// Serves until the peer or Stop() ends it. The connection must outlive the coroutine.
  virtual boost::asio::awaitable<void> Run() = 0;
  /// Ends at once when no request is being served, and otherwise after the response.
  virtual void StopWhenIdle() = 0;
  /// Ends now. A response that is being sent breaks off.
  virtual void Cut() = 0;
};

/// With `tls` (nullptr: plain TCP) the connection speaks TLS. `handler` must outlive it.
std::shared_ptr<HttpConnection> MakeHttpConnection(boost::asio::ip::tcp::socket socket,
                                                   boost::asio::ssl::context* tls,
                                                   HttpHandler& handler,
                                                   ConnectionSettings settings);

}  // namespace satchel
