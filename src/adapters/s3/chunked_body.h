/// A request's body in S3's aws-chunked framing, with the SHA-256 of its bytes behind them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "adapters/s3/http_channel.h"

namespace satchel {

/// Gives out what it is offered, piece by piece and without keeping it. The length is known from
/// the start, so that the request has a Content-Length and an interrupted one is never taken for
/// whole.
class ChunkedBody final : public HttpSource {
 public:
  /// Bytes of a chunk but for the last. Servers hold one chunk in memory, and take at most 16 MiB.
  static constexpr std::int64_t kChunkBytes = 128 * 1024;

  explicit ChunkedBody(std::int64_t bytes) : bytes_(bytes) {}

  /// Length of the body with its framing.
  std::int64_t encoded_bytes() const;

  /// The next bytes, after all before were taken; valid until they are. Never more than announced.
  void Offer(std::span<const std::byte> bytes) { offered_ = bytes; }
  /// Whether everything that was offered has been taken.
  bool drained() const { return offered_.empty() && frame_.empty(); }
  /// All bytes were offered, and this is their checksum (base64): the body may end.
  void Finish(std::string_view checksum);
  /// Whether even the end was taken.
  bool ended() const { return end_framed_ && frame_.empty(); }

  std::size_t Take(std::span<std::byte> room) override;

 private:
  void FrameWhatIsNext();

  const std::int64_t bytes_;
  std::int64_t given_ = 0;  ///< bytes without the framing
  std::span<const std::byte> offered_;
  std::string frame_;            ///< framing that goes before the next byte
  std::int64_t chunk_left_ = 0;  ///< bytes of the chunk that was begun
  std::string checksum_;
  bool end_framed_ = false;
};

}  // namespace satchel
