/// Requests and responses of HTTP/1.1 (RFC 9110, 9112) as handlers see them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "ports/object_store.h"

namespace satchel {

/// A GET or HEAD; the server answers everything else itself.
struct HttpRequest {
  std::string method;
  std::string target;  ///< as it came over the wire, not decoded
  /// Names in lower case, in the order they came.
  std::vector<std::pair<std::string, std::string>> headers;

  bool is_head() const { return method == "HEAD"; }
  /// All values of `lower_case_name`, joined by ", "; nullopt when it was not sent.
  std::optional<std::string> Header(std::string_view lower_case_name) const;
};

class HttpResponse {
 public:
  /// Bytes of an object that are sent instead of a body in memory.
  struct ObjectBody {
    std::unique_ptr<ObjectReader> reader;  ///< opened at `offset`
    std::int64_t offset = 0;
    std::int64_t length = 0;
  };

  explicit HttpResponse(unsigned status) : status_(status) {}
  /// `message` and a line end, as text/plain.
  static HttpResponse Text(unsigned status, std::string_view message);

  unsigned status() const { return status_; }
  const std::string& body() const { return body_; }
  const std::vector<std::pair<std::string, std::string>>& headers() const { return headers_; }
  std::optional<ObjectBody>& object() { return object_; }

  /// `value` may come from anywhere: control characters in it become spaces, so that no value can
  /// begin another header.
  HttpResponse& Set(std::string_view name, std::string_view value) &;
  HttpResponse&& Set(std::string_view name, std::string_view value) && {
    return std::move(Set(name, value));
  }
  void SetBody(std::string_view content_type, std::string body);
  /// The body of a response to GET: `length` bytes.
  void SetObject(ObjectBody object);
  /// The Content-Length of a response to HEAD, which has no body.
  void SetLength(std::int64_t length);
  /// Called once, when the response was handed to the kernel as a whole, or with why it was not:
  /// CANCELLED (the client is gone), DEADLINE_EXCEEDED (it stalled), or the object store's error.
  void OnSent(std::function<void(const Status&)> callback);

  /// Status line and headers, with Date, Content-Length and Connection.
  std::string Head(bool keep_alive) const;
  void ReportSent(const Status& status);

 private:
  unsigned status_;
  std::vector<std::pair<std::string, std::string>> headers_;
  std::string body_;
  std::optional<ObjectBody> object_;
  std::int64_t length_ = 0;
  std::function<void(const Status&)> on_sent_;
};

}  // namespace satchel
