#include "transport/http/http_connection.h"

#include <sys/sendfile.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <span>
#include <type_traits>
#include <utility>

#include "base/buffer.h"
#include "base/limits.h"
#include "transport/http/connection_deadline.h"
#include "transport/http/request_head.h"
#include "transport/http/run_on.h"

namespace satchel {
namespace {

using boost::asio::awaitable;
using boost::asio::ip::tcp;
using TlsStream = boost::asio::ssl::stream<tcp::socket>;

/// A worker gives other clients a turn after this much, however fast the peer is.
constexpr std::int64_t kSendfileBytesMax = 4 * 1024 * 1024;
/// How much and how long a peer may go on sending after its connection was closed for it. Closing
/// while its bytes are unread would reset the connection, and the peer might never see the answer.
constexpr std::size_t kLingerBytesMax = 2 * 1024 * 1024;
constexpr std::chrono::milliseconds kLingerTimeout{2000};

struct SendfileStep {
  std::int64_t sent = 0;
  int error = 0;       ///< errno; EAGAIN: the socket takes no more now
  bool ended = false;  ///< the file has no more bytes
};

/// Non-blocking towards the peer, blocking towards the disk.
SendfileStep SendfileSome(int socket, int file, std::int64_t offset, std::int64_t count) {
  SendfileStep step;
  while (step.sent < count) {
    off_t position = offset + step.sent;
    const ssize_t sent =
        ::sendfile(socket, file, &position, static_cast<std::size_t>(count - step.sent));
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) step.error = errno;
    if (sent == 0) step.ended = true;
    if (sent <= 0) break;
    step.sent += sent;
  }
  return step;
}

Status Truncated() {
  return Status(Reason::kChecksumMismatch, "the stored object ended before its length");
}

template <typename Stream>
class Connection final : public HttpConnection {
 public:
  template <typename... Arguments>
  Connection(HttpHandler& handler, ConnectionSettings settings, Arguments&&... stream_arguments)
      : handler_(handler),
        settings_(std::move(settings)),
        stream_(std::forward<Arguments>(stream_arguments)...),
        deadline_(socket()) {}

  awaitable<void> Run() override {
    if (co_await Handshake()) {
      while (co_await ServeOne()) {
      }
      co_await Leave();
    }
    boost::system::error_code ignored;  // nothing can be done about it
    socket().close(ignored);
  }

  void StopWhenIdle() override {
    stopping_ = true;
    if (idle_) deadline_.Cut();
  }

  void Cut() override {
    stopping_ = true;
    deadline_.Cut();
  }

 private:
  static constexpr bool kTls = std::is_same_v<Stream, TlsStream>;

  tcp::socket& socket() {
    if constexpr (kTls) {
      return stream_.next_layer();
    } else {
      return stream_;
    }
  }

  awaitable<bool> Handshake() {
    if constexpr (kTls) {
      deadline_.ExpireAfter(settings_.request_timeout);
      auto [error] =
          co_await stream_.async_handshake(boost::asio::ssl::stream_base::server, kAwait);
      co_return !error;
    }
    co_return true;
  }

  /// Waits for the first bytes of a request unless they came with the one before.
  awaitable<bool> AwaitRequest() {
    if (buffer_.size() != 0) co_return true;
    if (stopping_) co_return false;
    idle_ = true;
    deadline_.ExpireAfter(settings_.idle_timeout);
    auto [error, count] =
        co_await stream_.async_read_some(buffer_.prepare(kRequestReadBytes), kAwait);
    idle_ = false;
    buffer_.commit(count);
    co_return !error;
  }

  /// Whether another request may follow.
  awaitable<bool> ServeOne() {
    if (!co_await AwaitRequest()) co_return false;
    deadline_.ExpireAfter(settings_.request_timeout);
    std::optional<RequestHead> head = co_await ReadRequestHead(stream_, buffer_);
    if (!head) co_return false;
    deadline_.Suspend();
    linger_ = head->has_body;
    // Not by ?: around co_await, which g++ 12 compiles to a double free.
    if (!head->response) head->response = co_await handler_.Handle(head->request);
    HttpResponse& response = *head->response;
    const bool keep_alive =
        head->keep_alive && !head->has_body && settings_.keep_alive && !stopping_;
    const Status sent = co_await Send(response, head->request.is_head(), keep_alive);
    response.ReportSent(sent);
    if (!sent.ok()) Reset();
    co_return sent.ok() && keep_alive;
  }

  awaitable<Status> Send(HttpResponse& response, bool head_only, bool keep_alive) {
    deadline_.ExpireAfter(settings_.stall_timeout);
    const std::string head = response.Head(keep_alive);
    const std::array<boost::asio::const_buffer, 2> buffers = {
        boost::asio::buffer(head),
        head_only ? boost::asio::const_buffer() : boost::asio::buffer(response.body())};
    auto [error, count] = co_await boost::asio::async_write(stream_, buffers, kAwait);
    if (error) co_return PeerGone();
    if (head_only || !response.object()) co_return Status();
    HttpResponse::ObjectBody& object = *response.object();
    if (!kTls && object.reader->file_descriptor() >= 0) co_return co_await SendFile(object);
    co_return co_await SendReader(object);
  }

  awaitable<Status> SendFile(const HttpResponse::ObjectBody& object) {
    const int peer = socket().native_handle();
    const int file = object.reader->file_descriptor();
    std::int64_t offset = object.offset;
    const std::int64_t end = object.offset + object.length;
    boost::system::error_code mode_error;
    socket().native_non_blocking(true, mode_error);
    if (mode_error) co_return PeerGone();
    while (offset < end) {
      deadline_.ExpireAfter(settings_.stall_timeout);
      const std::int64_t count = std::min(end - offset, kSendfileBytesMax);
      auto send = [=] { return SendfileSome(peer, file, offset, count); };
      const SendfileStep step = co_await RunOn(settings_.workers, send);
      offset += step.sent;
      if (step.ended) co_return Truncated();
      if (step.error == EIO) {
        co_return Status(Reason::kObjectStoreUnavailable, "a stored object could not be read")
            .WithCause("sendfile: EIO");
      }
      if (step.error != 0 && step.error != EAGAIN) co_return PeerGone();
      if (step.error == EAGAIN) {
        auto [error] = co_await socket().async_wait(tcp::socket::wait_write, kAwait);
        if (error || deadline_.expired()) co_return PeerGone();
      }
    }
    co_return Status();
  }

  awaitable<Status> SendReader(HttpResponse::ObjectBody& object) {
    const CallContext call("");
    Buffer block(kTransferChunkBytes);
    std::int64_t left = object.length;
    while (left > 0) {
      deadline_.Suspend();
      const auto size =
          static_cast<std::size_t>(std::min(left, static_cast<std::int64_t>(block.size())));
      auto read = [&] { return object.reader->Read(call, block.span().first(size)); };
      const Result<std::size_t> count = co_await RunOn(settings_.workers, read);
      if (!count.ok()) co_return count.status();
      if (*count == 0) co_return Truncated();
      deadline_.ExpireAfter(settings_.stall_timeout);
      auto [error, written] = co_await boost::asio::async_write(
          stream_, boost::asio::buffer(block.data(), *count), kAwait);
      if (error) co_return PeerGone();
      left -= static_cast<std::int64_t>(*count);
    }
    co_return Status();
  }

  Status PeerGone() const {
    if (!deadline_.expired()) return Status(Reason::kCancelled, "the client went away");
    if (stopping_) return Status(Reason::kShuttingDown, "the server stopped");
    return Status(Reason::kDeadlineExceeded, "the client took no bytes for too long");
  }

  /// So that no client takes what it has for the whole, and the kernel frees what waits for it.
  void Reset() {
    boost::system::error_code ignored;  // a connection that is gone already is as good
    socket().set_option(boost::asio::socket_base::linger(true, 0), ignored);
    linger_ = false;
    reset_ = true;
  }

  /// Ends the connection so that the peer gets all that was sent.
  awaitable<void> Leave() {
    if (reset_ || deadline_.expired()) co_return;
    deadline_.ExpireAfter(kLingerTimeout);
    if constexpr (kTls) co_await stream_.async_shutdown(kAwait);
    boost::system::error_code ignored;  // the peer may be gone
    socket().shutdown(tcp::socket::shutdown_send, ignored);
    if (!linger_) co_return;
    std::array<std::byte, kRequestReadBytes> unread;
    for (std::size_t total = 0; total < kLingerBytesMax;) {
      auto [error, count] = co_await socket().async_read_some(boost::asio::buffer(unread), kAwait);
      if (error) co_return;
      total += count;
    }
  }

  HttpHandler& handler_;
  const ConnectionSettings settings_;
  Stream stream_;
  ConnectionDeadline deadline_;
  boost::beast::flat_buffer buffer_{kRequestHeadBytesMax + kRequestReadBytes};
  bool idle_ = false;
  bool stopping_ = false;
  bool linger_ = false;
  bool reset_ = false;
};

}  // namespace

std::shared_ptr<HttpConnection> MakeHttpConnection(tcp::socket socket,
                                                   boost::asio::ssl::context* tls,
                                                   HttpHandler& handler,
                                                   ConnectionSettings settings) {
  if (tls == nullptr) {
    return std::make_shared<Connection<tcp::socket>>(handler, std::move(settings),
                                                     std::move(socket));
  }
  return std::make_shared<Connection<TlsStream>>(handler, std::move(settings), std::move(socket),
                                                 *tls);
}

}  // namespace satchel
