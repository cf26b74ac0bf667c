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

void S3ObjectReader::Window::Open(std::span<std::byte> buffer) {
  buffer_ = buffer;
  filled_ = std::min(buffer.size(), kept_.size() - kept_from_);
  if (filled_ > 0) std::memcpy(buffer.data(), kept_.data() + kept_from_, filled_);
  kept_from_ += filled_;
}

Result<HttpAnswer> S3ObjectReader::Start(S3Client& client, const CallContext& call,
                                         const ObjectRef& object, std::int64_t offset) {
  const S3Request request = GetObjectRequest(client.bucket(), object, offset);
  Backoff backoff(client.pauses());
  while (true) {
    SATCHEL_RETURN_IF_ERROR(call.Check());
    SATCHEL_ASSIGN_OR_RETURN(channel_, client.Borrow());
    OutgoingRequest http = client.Sign(request);
    http.sink = &window_;
    channel_->Start(std::move(http));
    const bool streams = channel_->Drive(call, [&] { return channel_->headers_complete(); }) &&
                         channel_->answer().status / 100 == 2;
    if (!streams) {
      while (channel_->Drive(call, [] { return false; })) {
      }
    }
    const HttpAnswer& answer = channel_->answer();
    const bool again = !streams && !answer.ok() && IsTransient(answer);
    if (!again || !backoff.Next(call)) return answer;
  }
}

Result<std::unique_ptr<ObjectReader>> S3ObjectReader::Open(S3Client& client,
                                                           const CallContext& call,
                                                           const ObjectRef& object,
                                                           std::int64_t offset) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  if (offset < 0) return InternalError("an object was opened at a negative offset");
  std::unique_ptr<ObjectReader> absent;
  auto reader = std::unique_ptr<S3ObjectReader>(new S3ObjectReader());
  Backoff backoff(client.pauses());
  SATCHEL_ASSIGN_OR_RETURN(HttpAnswer answer, reader->Start(client, call, object, offset));
  while (IsAbsent(answer)) {
    reader->channel_.reset();
    SATCHEL_ASSIGN_OR_RETURN(const bool gone, ConfirmAbsent(client, call, object, backoff));
    if (gone) return absent;
    SATCHEL_ASSIGN_OR_RETURN(answer, reader->Start(client, call, object, offset));
  }
  if (answer.status == 416) {
    // Nothing is behind the offset; how long it is says another request.
    reader->channel_.reset();
    const S3Request request = HeadObjectRequest(client.bucket(), object);
    SATCHEL_ASSIGN_OR_RETURN(const HttpAnswer head, client.Send(call, request));
    if (IsAbsent(head)) return absent;
    if (!head.ok()) return S3Error(request.operation, head);
    const std::optional<std::int64_t> length = ParseLength(head.Header("content-length"));
    if (!length) return S3Nonsense(request.operation, head);
    reader->size_ = *length;
    return std::unique_ptr<ObjectReader>(std::move(reader));
  }
  if (!answer.ok()) return S3Error("GetObject", answer);
  const std::optional<std::int64_t> length = WholeLength(answer, offset);
  if (!length || *length < offset) return S3Nonsense("GetObject", answer);
  reader->size_ = *length;
  reader->left_ = *length - offset;
  return std::unique_ptr<ObjectReader>(std::move(reader));
}

Result<std::size_t> S3ObjectReader::Read(const CallContext& call, std::span<std::byte> buffer) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  buffer = buffer.first(static_cast<std::size_t>(
      std::min<std::int64_t>(left_, static_cast<std::int64_t>(buffer.size()))));
  if (buffer.empty()) return std::size_t{0};
  window_.Open(buffer);
  if (!window_.full() && channel_->running()) {
    (void)channel_->Drive(call, [this] { return window_.full(); });
  }
  if (!window_.full()) return S3Error("GetObject", channel_->answer());
  left_ -= static_cast<std::int64_t>(buffer.size());
  // The last bytes are here; the connection can be somebody else's once its end was seen.
  if (left_ == 0) {
    (void)channel_->Drive(call, [] { return false; });
    channel_.reset();
  }
  return buffer.size();
}

}  // namespace satchel
