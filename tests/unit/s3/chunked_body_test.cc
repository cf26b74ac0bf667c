#include "adapters/s3/chunked_body.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace satchel {
namespace {

const std::string kChecksum(44, 'c');

/// All that `body` gives now, asked for in rooms of `room` bytes.
std::string TakeAll(ChunkedBody& body, std::size_t room) {
  std::string all;
  std::vector<std::byte> space(room);
  while (const std::size_t taken = body.Take(space)) {
    all.append(reinterpret_cast<const char*>(space.data()), taken);
  }
  return all;
}

std::string Encode(const std::string& content, std::size_t piece, std::size_t room) {
  ChunkedBody body(static_cast<std::int64_t>(content.size()));
  std::string encoded;
  for (std::size_t sent = 0; sent < content.size(); sent += piece) {
    body.Offer(
        std::as_bytes(std::span(content).subspan(sent, std::min(piece, content.size() - sent))));
    encoded += TakeAll(body, room);
    EXPECT_TRUE(body.drained());
    EXPECT_FALSE(body.ended());
  }
  body.Finish(kChecksum);
  encoded += TakeAll(body, room);
  EXPECT_TRUE(body.ended());
  EXPECT_EQ(static_cast<std::int64_t>(encoded.size()), body.encoded_bytes());
  return encoded;
}

TEST(ChunkedBody, AShortOneIsOneChunk) {
  EXPECT_EQ(Encode("hello", 5, 100),
            "5\r\nhello\r\n0\r\nx-amz-checksum-sha256:" + kChecksum + "\r\n\r\n");
}

TEST(ChunkedBody, IsTheSameHoweverItIsOfferedAndTaken) {
  const auto chunk = static_cast<std::size_t>(ChunkedBody::kChunkBytes);
  for (const std::size_t size : {chunk - 1, chunk, chunk + 1, 2 * chunk, 2 * chunk + 100}) {
    const std::string content(size, 'x');
    const std::string whole = Encode(content, size, size * 2);
    for (const std::size_t piece : {std::size_t{999}, chunk, size}) {
      for (const std::size_t room : {std::size_t{1}, std::size_t{777}, chunk}) {
        EXPECT_EQ(Encode(content, piece, room), whole) << size << " " << piece << " " << room;
      }
    }
  }
}

TEST(ChunkedBody, EndsOnlyWithTheChecksum) {
  ChunkedBody body(3);
  body.Offer(std::as_bytes(std::span(std::string_view("abc"))));
  EXPECT_EQ(TakeAll(body, 100), "3\r\nabc\r\n");
  EXPECT_EQ(TakeAll(body, 100), "");
  EXPECT_FALSE(body.ended());
}

}  // namespace
}  // namespace satchel
