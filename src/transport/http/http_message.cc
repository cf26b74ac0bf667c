#include "transport/http/http_message.h"

#include <boost/beast/http/status.hpp>
#include <chrono>

#include "transport/http/http_date.h"

namespace satchel {
namespace {

constexpr unsigned kNotModified = 304;

void AppendHeader(std::string& head, std::string_view name, std::string_view value) {
  head.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

std::optional<std::string> HttpRequest::Header(std::string_view lower_case_name) const {
  std::optional<std::string> joined;
  for (const auto& [name, value] : headers) {
    if (name != lower_case_name) continue;
    joined = joined ? *joined + ", " + value : value;
  }
  return joined;
}

HttpResponse HttpResponse::Text(unsigned status, std::string_view message) {
  HttpResponse response(status);
  response.SetBody("text/plain; charset=utf-8", std::string(message) + "\n");
  return response;
}

HttpResponse& HttpResponse::Set(std::string_view name, std::string_view value) & {
  std::string clean(value);
  for (char& c : clean) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) c = ' ';
  }
  headers_.emplace_back(name, std::move(clean));
  return *this;
}

void HttpResponse::SetBody(std::string_view content_type, std::string body) {
  Set("Content-Type", content_type);
  length_ = static_cast<std::int64_t>(body.size());
  body_ = std::move(body);
}

void HttpResponse::SetObject(ObjectBody object) {
  length_ = object.length;
  object_ = std::move(object);
}

void HttpResponse::SetLength(std::int64_t length) { length_ = length; }

void HttpResponse::OnSent(std::function<void(const Status&)> callback) {
  on_sent_ = std::move(callback);
}

std::string HttpResponse::Head(bool keep_alive) const {
  const auto reason =
      boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(status_));
  std::string head = "HTTP/1.1 " + std::to_string(status_) + " ";
  head.append(reason.data(), reason.size()).append("\r\n");
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  AppendHeader(head, "Date", FormatHttpDate(now));
  for (const auto& [name, value] : headers_) AppendHeader(head, name, value);
  if (status_ != kNotModified) AppendHeader(head, "Content-Length", std::to_string(length_));
  AppendHeader(head, "Connection", keep_alive ? "keep-alive" : "close");
  return head + "\r\n";
}

void HttpResponse::ReportSent(const Status& status) {
  if (on_sent_) std::exchange(on_sent_, nullptr)(status);
}

}  // namespace satchel
