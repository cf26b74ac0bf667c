/// One HTTP connection and the request on it, driven step by step by whoever waits for it.
///
/// libcurl does sockets, TLS and HTTP; this class adds the clocks (time without progress instead of
/// total time), the caller's deadline and cancellation, and bodies that are pushed and pulled piece
/// by piece.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/s3/s3_options.h"
#include "adapters/s3/sigv4.h"
#include "base/call_context.h"
#include "base/status.h"

namespace satchel {

/// A request's body, as far as it is there.
class HttpSource {
 public:
  virtual ~HttpSource() = default;
  /// Moves the next bytes into `room`, returns how many; 0: none now, ask again later.
  virtual std::size_t Take(std::span<std::byte> room) = 0;
};

/// Where a successful answer's body goes.
class HttpSink {
 public:
  /// As many bytes may come between two looks at whether there is enough.
  static constexpr std::size_t kBurstBytesMax = std::size_t{256} * 1024;

  virtual ~HttpSink() = default;
  /// Takes all of `bytes` and returns true, or takes none: offer them again later.
  virtual bool Put(std::span<const std::byte> bytes) = 0;
};

/// Ready to be sent: signed, encoded.
struct OutgoingRequest {
  std::string method;
  std::string url;
  S3Headers headers;
  std::string body;
  HttpSource* source = nullptr;   ///< instead of `body`
  std::int64_t source_bytes = 0;  ///< exact length of what `source` gives
  HttpSink* sink = nullptr;
};

/// Why there is no answer.
enum class HttpFault : std::uint8_t {
  kNone,
  kCallEnded,   ///< cancelled, or its deadline is over; see status
  kNotReached,  ///< no connection: the request was not sent
  kUntrusted,   ///< the same, because of a certificate
  kNoTls,       ///< the same, because https was asked for and the server does not speak TLS
  kBroken,      ///< the connection broke or stalled; the request may have been carried out
};

struct HttpAnswer {
  HttpFault fault = HttpFault::kNone;
  std::string fault_text;  ///< for the log
  Status call_status;      ///< with kCallEnded
  int status = 0;
  S3Headers headers;
  std::string body;  ///< bounded; without what went to the sink

  bool ok() const { return fault == HttpFault::kNone && status >= 200 && status < 300; }
  /// "" when there is no such header.
  std::string_view Header(std::string_view name) const;
};

/// Not thread-safe. Keeps its connection for the next request where HTTP allows it.
class HttpChannel {
 public:
  explicit HttpChannel(const S3StoreOptions& options);
  ~HttpChannel();
  HttpChannel(const HttpChannel&) = delete;
  HttpChannel& operator=(const HttpChannel&) = delete;

  /// The whole of a request. After this the channel is free.
  HttpAnswer Perform(const CallContext& call, OutgoingRequest request);

  /// Begins a request; Drive() does the work. What `request` points to must outlive it.
  void Start(OutgoingRequest request);
  /// Works until `enough()`, or until the request has ended in whatever way; false: ended.
  bool Drive(const CallContext& call, const std::function<bool()>& enough);
  bool running() const { return running_; }
  /// Whether all headers of the final answer are here.
  bool headers_complete() const { return headers_complete_; }
  /// Bytes of the body that have left `source` or `body`.
  std::int64_t body_taken() const { return body_taken_; }
  /// What is known of the answer; complete once Drive() has returned false.
  const HttpAnswer& answer() const { return answer_; }
  /// Gives the request up: the connection is closed under it.
  void Abort();

 private:
  struct Deleter;
  struct Curl;

  static int OnSend(void* self, char* peer, char* own, int peer_port, int own_port);
  static std::size_t OnRead(char* room, std::size_t size, std::size_t count, void* self);
  static std::size_t OnBody(char* bytes, std::size_t size, std::size_t count, void* self);
  static std::size_t OnHeader(char* line, std::size_t size, std::size_t count, void* self);

  void SetOptions();
  void Resume();
  void Finish(int curl_code);
  void Fail(HttpFault fault, std::string text);
  bool CheckTime(const CallContext& call);
  std::chrono::milliseconds TimeLimit() const;

  const S3StoreOptions& options_;
  const std::unique_ptr<Curl> curl_;
  OutgoingRequest request_;
  HttpAnswer answer_;
  bool running_ = false;
  bool sent_ = false;  ///< the request, at least its beginning
  bool headers_complete_ = false;
  bool paused_ = false;
  std::int64_t body_bytes_ = 0;  ///< of the request
  std::int64_t body_taken_ = 0;
  std::chrono::steady_clock::time_point last_progress_;
};

}  // namespace satchel
