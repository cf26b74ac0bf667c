#include "adapters/s3/s3_object_reader.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "adapters/s3/s3_attempts.h"
#include "adapters/s3/s3_errors.h"

namespace satchel {
namespace {

std::optional<std::int64_t> ParseLength(std::string_view text) {
  std::int64_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || length < 0) {
    return std::nullopt;
  }
  return length;
}

/// The object's whole length, from an answer that holds all of it or what is behind `offset`.
std::optional<std::int64_t> WholeLength(const HttpAnswer& answer, std::int64_t offset) {
  if (answer.status != 206) {
    return offset == 0 ? ParseLength(answer.Header("content-length")) : std::nullopt;
  }
  // "bytes 5-9/10"
  const std::string_view range = answer.Header("content-range");
  const std::size_t slash = range.rfind('/');
  const std::string wanted = "bytes " + std::to_string(offset) + "-";
  if (slash == std::string_view::npos || !range.starts_with(wanted)) return std::nullopt;
  return ParseLength(range.substr(slash + 1));
}

}  // namespace

bool S3ObjectReader::Window::Put(std::span<const std::byte> bytes) {
  if (full() && !empty()) return false;
  const std::size_t fits = std::min(bytes.size(), buffer_.size() - filled_);
  if (fits > 0) std::memcpy(buffer_.data() + filled_, bytes.data(), fits);
  filled_ += fits;
  if (fits < bytes.size()) {
    kept_.assign(bytes.begin() + static_cast<std::ptrdiff_t>(fits), bytes.end());
    kept_from_ = 0;
  }
  return true;
}

bool S3ObjectReader::Window::full() const {
  const std::size_t room = buffer_.size() - filled_;
  if (room == 0) return true;
  return !whole_ && room < kBurstBytesMax && 2 * filled_ >= buffer_.size();
}

void S3ObjectReader::Window::Open(std::span<std::byte> buffer, bool whole) {
  buffer_ = buffer;
  whole_ = whole;
  filled_ = std::min(buffer.size(), kept_.size() - kept_from_);
  if (filled_ > 0) std::memcpy(buffer.data(), kept_.data() + kept_from_, filled_);
  kept_from_ += filled_;
}

Result<HttpAnswer> S3ObjectReader::Ask(const CallContext& call, const S3Request& request,
                                       Backoff& backoff) {
  while (true) {
    SATCHEL_RETURN_IF_ERROR(call.Check());
    if (channel_ == nullptr) {
      SATCHEL_ASSIGN_OR_RETURN(channel_, client_.Borrow());
    }
    OutgoingRequest http = client_.Sign(request);
    http.sink = &window_;
    channel_->Start(std::move(http));
    (void)channel_->Drive(call, [&] { return channel_->headers_complete(); });
    if (!channel_->headers_complete() || channel_->answer().status / 100 != 2) {
      while (channel_->Drive(call, [] { return false; })) {
      }
      const HttpAnswer& answer = channel_->answer();
      if (IsTransient(answer) && backoff.Next(call)) continue;
      return answer;
    }
    HttpAnswer headers = channel_->answer();
    // That its body broke off meanwhile is seen by who waits for the body.
    headers.fault = HttpFault::kNone;
    return headers;
  }
}

Result<std::optional<std::int64_t>> S3ObjectReader::Start(const CallContext& call,
                                                          std::int64_t offset, Backoff& backoff) {
  const S3Request request = GetObjectRequest(client_.bucket(), object_, offset);
  SATCHEL_ASSIGN_OR_RETURN(HttpAnswer answer, Ask(call, request, backoff));
  while (IsAbsent(answer)) {
    channel_.reset();
    SATCHEL_ASSIGN_OR_RETURN(const bool gone, ConfirmAbsent(client_, call, object_, backoff));
    if (gone) return std::optional<std::int64_t>();
    SATCHEL_ASSIGN_OR_RETURN(answer, Ask(call, request, backoff));
  }
  if (answer.status == 416) {
    // Nothing is behind the offset; how long it is says another request.
    channel_.reset();
    const S3Request head_request = HeadObjectRequest(client_.bucket(), object_);
    SATCHEL_ASSIGN_OR_RETURN(const HttpAnswer head, client_.Send(call, head_request));
    if (IsAbsent(head)) return std::optional<std::int64_t>();
    if (!head.ok()) return S3Error(head_request.operation, head);
    const std::optional<std::int64_t> length = ParseLength(head.Header("content-length"));
    if (!length || *length > offset) return S3Nonsense(head_request.operation, head);
    return length;
  }
  if (!answer.ok()) return S3Error(request.operation, answer);
  const std::optional<std::int64_t> length = WholeLength(answer, offset);
  if (!length || *length < offset) return S3Nonsense(request.operation, answer);
  // Whoever asked for the newest version goes on with the same one.
  if (object_.version.empty()) {
    object_.version = ObjectVersion(std::string(answer.Header("x-amz-version-id")));
  }
  return length;
}

Result<std::unique_ptr<ObjectReader>> S3ObjectReader::Open(S3Client& client,
                                                           const CallContext& call,
                                                           const ObjectRef& object,
                                                           std::int64_t offset) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  if (offset < 0) return InternalError("an object was opened at a negative offset");
  auto reader = std::unique_ptr<S3ObjectReader>(new S3ObjectReader(client, object));
  Backoff backoff(client.pauses());
  SATCHEL_ASSIGN_OR_RETURN(const std::optional<std::int64_t> length,
                           reader->Start(call, offset, backoff));
  if (!length) return std::unique_ptr<ObjectReader>();
  reader->size_ = *length;
  reader->left_ = std::max<std::int64_t>(0, *length - offset);
  return std::unique_ptr<ObjectReader>(std::move(reader));
}

Result<bool> S3ObjectReader::Fill(const CallContext& call) {
  Backoff backoff(client_.pauses());
  std::size_t filled = window_.filled();
  while (!window_.full()) {
    if (channel_ != nullptr) {
      (void)channel_->Drive(call, [this] { return window_.full(); });
      if (window_.full()) break;
      if (window_.filled() > filled) backoff.Restart();
      filled = window_.filled();
      const HttpAnswer& broken = channel_->answer();
      if (broken.ok()) return S3Nonsense("GetObject", broken);
      const bool again = IsTransient(broken) && !object_.version.empty() && backoff.Next(call);
      SATCHEL_RETURN_IF_ERROR(call.Check());
      if (!again) return S3Error("GetObject", broken);
    }
    const std::int64_t offset = size_ - left_ + static_cast<std::int64_t>(filled);
    SATCHEL_ASSIGN_OR_RETURN(const std::optional<std::int64_t> length,
                             Start(call, offset, backoff));
    if (!length) return false;
    if (*length != size_) return InternalError("the store tells two lengths of one version");
  }
  return true;
}

Result<std::size_t> S3ObjectReader::Read(const CallContext& call, std::span<std::byte> buffer) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  buffer = buffer.first(static_cast<std::size_t>(
      std::min<std::int64_t>(left_, static_cast<std::int64_t>(buffer.size()))));
  if (buffer.empty()) return std::size_t{0};
  window_.Open(buffer, static_cast<std::int64_t>(buffer.size()) == left_);
  const Result<bool> there = Fill(call);
  if (!there.ok()) {
    channel_.reset();
    return there.status();
  }
  left_ = *there ? left_ - static_cast<std::int64_t>(window_.filled()) : 0;
  // The last bytes are here; the connection can be somebody else's once its end was seen.
  if (left_ == 0 && channel_ != nullptr) {
    (void)channel_->Drive(call, [] { return false; });
    channel_.reset();
  }
  return window_.filled();
}

}  // namespace satchel
