#include "transport/http/request_head.h"

#include "base/text.h"

namespace satchel {
namespace {

namespace http = boost::beast::http;

constexpr unsigned kHttp11 = 11;

std::string Copy(boost::beast::string_view text) { return {text.data(), text.size()}; }

RequestHead Refused(HttpResponse refusal) {
  RequestHead head;
  head.has_body = true;  // whatever it was: nobody reads it
  head.response = std::move(refusal);
  return head;
}

HttpRequest Convert(const http::request_header<>& message) {
  HttpRequest request;
  request.method = Copy(message.method_string());
  request.target = Copy(message.target());
  for (const auto& field : message) {
    request.headers.emplace_back(ToLowerAscii(Copy(field.name_string())), Copy(field.value()));
  }
  return request;
}

std::optional<RequestHead> Unreadable(const boost::system::error_code& error) {
  const bool malformed = error.category() == make_error_code(http::error::bad_method).category();
  if (!malformed || error == http::error::end_of_stream || error == http::error::partial_message) {
    return std::nullopt;
  }
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return Refused(HttpResponse::Text(431, "The head of the request is too long."));
  }
  if (error == http::error::bad_version) {
    return Refused(HttpResponse::Text(505, "Use HTTP/1.1."));
  }
  return Refused(HttpResponse::Text(400, "This is not a request of HTTP/1.1."));
}

}  // namespace

std::optional<RequestHead> ExamineHead(const RequestParser& parser,
                                       const boost::system::error_code& error) {
  if (error) return Unreadable(error);
  const http::request<http::empty_body>& message = parser.get();
  if (message.version() == kHttp11 && message.count(http::field::host) != 1) {
    return Refused(HttpResponse::Text(400, "A request of HTTP/1.1 has one Host header."));
  }
  RequestHead head;
  head.request = Convert(message);
  head.keep_alive = message.keep_alive();
  head.has_body = parser.chunked() || parser.content_length().value_or(0) != 0;
  if (head.request.method != "GET" && head.request.method != "HEAD") {
    head.response = HttpResponse::Text(405, "Use GET or HEAD.").Set("Allow", "GET, HEAD");
  }
  return head;
}

}  // namespace satchel
