#include "transport/grpc/messages.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

namespace satchel {
namespace {

TEST(MessagesTest, ChunkMessageIsWhatProtobufWouldHaveWritten) {
  for (const std::size_t size : {std::size_t{1}, std::size_t{127}, std::size_t{128},
                                 std::size_t{20'000}, std::size_t{262'144}}) {
    Buffer bytes(size);
    std::fill_n(bytes.data(), size, std::byte{'x'});
    document::DownloadDocumentResponse parsed;
    ASSERT_TRUE(Parse(ChunkMessage(std::move(bytes)), &parsed));
    EXPECT_TRUE(parsed.has_chunk());
    EXPECT_EQ(parsed.chunk(), std::string(size, 'x'));
  }
}

TEST(MessagesTest, ParseLeavesTheBufferReadable) {
  document::DownloadDocumentRequest request;
  request.set_document_id("id");
  const grpc::ByteBuffer bytes = Serialized(request);
  for (int i = 0; i < 2; ++i) {
    document::DownloadDocumentRequest parsed;
    ASSERT_TRUE(Parse(bytes, &parsed));
    EXPECT_EQ(parsed.document_id(), "id");
  }
}

TEST(MessagesTest, GarbageDoesNotParse) {
  const grpc::Slice slice(std::string("\xFF\xFF\xFF\xFF"));
  document::DownloadDocumentRequest parsed;
  EXPECT_FALSE(Parse(grpc::ByteBuffer(&slice, 1), &parsed));
}

TEST(MessagesTest, QuotaIsNeverNegativeNorAboveAHundredPercent) {
  struct Case {
    std::int64_t used, limit, remaining;
    double percentage;
  };
  for (const Case& c : {Case{0, 100, 100, 0}, Case{95, 100, 5, 95}, Case{150, 100, 0, 100},
                        Case{0, 0, 0, 100}, Case{7, 0, 0, 100}}) {
    Usage usage;
    usage.total_bytes = c.used;
    usage.quota_bytes = c.limit;
    document::GetUsageStatsResponse message;
    ToMessage(usage, &message);
    EXPECT_EQ(message.quota().quota_remaining(), c.remaining);
    EXPECT_DOUBLE_EQ(message.quota().quota_percentage(), c.percentage);
    EXPECT_EQ(message.usage().last_updated(), "");
  }
}

TEST(MessagesTest, TotalCountIsCappedAtItsType) {
  ListAnswer answer;
  answer.total_count = std::int64_t{1} << 40;
  document::ListDocumentsResponse message;
  ToMessage(answer, &message);
  EXPECT_EQ(message.total_count(), std::numeric_limits<std::int32_t>::max());
}

}  // namespace
}  // namespace satchel
