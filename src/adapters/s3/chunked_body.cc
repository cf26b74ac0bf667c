#include "adapters/s3/chunked_body.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <iterator>

namespace satchel {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kTrailerName = "x-amz-checksum-sha256:";
constexpr std::int64_t kChecksumBytes = 44;  // base64 of a SHA-256

std::string ChunkHeader(std::int64_t bytes) {
  char digits[16];
  const auto written = std::to_chars(std::begin(digits), std::end(digits), bytes, 16);
  return std::string(std::begin(digits), written.ptr).append(kLineEnd);
}

std::int64_t FramedBytes(std::int64_t bytes) {
  return static_cast<std::int64_t>(ChunkHeader(bytes).size() + kLineEnd.size()) + bytes;
}

}  // namespace

std::int64_t ChunkedBody::encoded_bytes() const {
  std::int64_t encoded = bytes_ / kChunkBytes * FramedBytes(kChunkBytes);
  if (bytes_ % kChunkBytes != 0) encoded += FramedBytes(bytes_ % kChunkBytes);
  constexpr auto kEnd = static_cast<std::int64_t>(std::string_view("0\r\n\r\n\r\n").size());
  return encoded + kEnd + static_cast<std::int64_t>(kTrailerName.size()) + kChecksumBytes;
}

void ChunkedBody::Finish(std::string_view checksum) { checksum_ = checksum; }

void ChunkedBody::FrameWhatIsNext() {
  if (!frame_.empty()) return;
  if (!offered_.empty() && chunk_left_ == 0) {
    chunk_left_ = std::min(kChunkBytes, bytes_ - given_);
    frame_ = ChunkHeader(chunk_left_);
  } else if (given_ == bytes_ && !checksum_.empty() && !end_framed_) {
    frame_.append("0").append(kLineEnd).append(kTrailerName).append(checksum_);
    frame_.append(kLineEnd).append(kLineEnd);
    end_framed_ = true;
  }
}

std::size_t ChunkedBody::Take(std::span<std::byte> room) {
  std::size_t taken = 0;
  while (taken < room.size()) {
    FrameWhatIsNext();
    const std::size_t space = room.size() - taken;
    if (!frame_.empty()) {
      const std::size_t count = std::min(space, frame_.size());
      std::memcpy(room.data() + taken, frame_.data(), count);
      frame_.erase(0, count);
      taken += count;
      continue;
    }
    const std::size_t count =
        std::min({space, offered_.size(), static_cast<std::size_t>(chunk_left_)});
    if (count == 0) break;
    std::memcpy(room.data() + taken, offered_.data(), count);
    offered_ = offered_.subspan(count);
    given_ += static_cast<std::int64_t>(count);
    chunk_left_ -= static_cast<std::int64_t>(count);
    taken += count;
    if (chunk_left_ == 0) frame_ = kLineEnd;
  }
  return taken;
}

}  // namespace satchel
