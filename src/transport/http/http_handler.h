/// What answers the requests of one HTTP port.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "transport/http/http_message.h"

namespace satchel {

/// Called from the server's strand: blocking work goes to the workers (RunOn).
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  /// `request` stays alive until the response has been sent.
  virtual boost::asio::awaitable<HttpResponse> Handle(const HttpRequest& request) = 0;
};

}  // namespace satchel
