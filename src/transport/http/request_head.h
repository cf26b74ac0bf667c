/// The head of a request, read from any stream.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <cstddef>
#include <optional>

#include "transport/http/http_message.h"

namespace satchel {

/// Errors as values: `auto [error, ...] = co_await operation(..., kAwait)`.
constexpr auto kAwait = boost::asio::as_tuple(boost::asio::use_awaitable);

/// Twice what browsers and proxies send with a link of the longest name.
inline constexpr std::size_t kRequestHeadBytesMax = 16 * 1024;
inline constexpr std::size_t kRequestReadBytes = 4 * 1024;

using RequestParser = boost::beast::http::request_parser<boost::beast::http::empty_body>;

struct RequestHead {
  HttpRequest request;
  bool keep_alive = false;
  /// A body follows, which nobody reads.
  bool has_body = false;
  /// The refusal when the head is none that a handler may see; otherwise none yet.
  std::optional<HttpResponse> response;
};

/// What a finished parser holds, or why it failed; nullopt: the peer is gone.
std::optional<RequestHead> ExamineHead(const RequestParser& parser,
                                       const boost::system::error_code& error);

/// Reads on until the head is whole; `buffer` keeps what came behind it. nullopt: no request came.
template <typename Stream>
boost::asio::awaitable<std::optional<RequestHead>> ReadRequestHead(
    Stream& stream, boost::beast::flat_buffer& buffer) {
  RequestParser parser;
  parser.header_limit(kRequestHeadBytesMax);
  parser.body_limit(boost::none);  // no body is ever read
  auto [error, count] =
      co_await boost::beast::http::async_read_header(stream, buffer, parser, kAwait);
  co_return ExamineHead(parser, error);
}

}  // namespace satchel
