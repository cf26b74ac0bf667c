#include "transport/http/byte_range.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace satchel::testing {
namespace {

using Kind = ByteRange::Kind;

struct RangeCase {
  std::string value;
  Kind kind;
  std::int64_t first = 0;
  std::int64_t last = 0;
};

TEST(ByteRangeTest, FollowsTheTable) {
  const std::vector<RangeCase> cases = {
      {"bytes=0-0", Kind::kPart, 0, 0},
      {"bytes=0-99", Kind::kPart, 0, 99},
      {"bytes=5-9", Kind::kPart, 5, 9},
      {"BYTES=5-9", Kind::kPart, 5, 9},
      {"bytes= 5-9 ", Kind::kPart, 5, 9},
      {"bytes=5-", Kind::kPart, 5, 99},
      {"bytes=99-", Kind::kPart, 99, 99},
      {"bytes=0-100", Kind::kPart, 0, 99},
      {"bytes=10-99999999999999999999999", Kind::kPart, 10, 99},
      {"bytes=-1", Kind::kPart, 99, 99},
      {"bytes=-100", Kind::kPart, 0, 99},
      {"bytes=-101", Kind::kPart, 0, 99},
      {"bytes=-99999999999999999999999", Kind::kPart, 0, 99},
      {"bytes=007-008", Kind::kPart, 7, 8},
      {"bytes=100-", Kind::kUnsatisfiable},
      {"bytes=100-200", Kind::kUnsatisfiable},
      {"bytes=99999999999999999999999-", Kind::kUnsatisfiable},
      {"bytes=-0", Kind::kUnsatisfiable},
      {"", Kind::kWhole},
      {"bytes", Kind::kWhole},
      {"bytes=", Kind::kWhole},
      {"bytes=-", Kind::kWhole},
      {"bytes=5", Kind::kWhole},
      {"bytes=9-5", Kind::kWhole},
      {"bytes=a-b", Kind::kWhole},
      {"bytes=5-b", Kind::kWhole},
      {"bytes=a-5", Kind::kWhole},
      {"bytes=--5", Kind::kWhole},
      {"bytes=+1-5", Kind::kWhole},
      {"bytes=1 - 5", Kind::kWhole},
      {"bytes=0x0-0x9", Kind::kWhole},
      {"bytes=0-9,20-29", Kind::kWhole},
      {"bytes=0-0,-1", Kind::kWhole},
      {"bytes=0-9, bytes=20-29", Kind::kWhole},
      {"items=0-9", Kind::kWhole},
      {"0-9", Kind::kWhole},
  };
  for (const RangeCase& expected : cases) {
    const ByteRange range = ParseRange(expected.value, 100);
    EXPECT_EQ(range.kind, expected.kind) << expected.value;
    EXPECT_EQ(range.first, expected.first) << expected.value;
    EXPECT_EQ(range.last, expected.last) << expected.value;
  }
}

TEST(ByteRangeTest, NothingOfAnEmptyBodyExists) {
  EXPECT_EQ(ParseRange("bytes=0-", 0).kind, Kind::kUnsatisfiable);
  EXPECT_EQ(ParseRange("bytes=-5", 0).kind, Kind::kUnsatisfiable);
}

}  // namespace
}  // namespace satchel::testing
