#include "base/time.h"

#include <gtest/gtest.h>

namespace satchel {
namespace {

using namespace std::chrono_literals;

Timestamp At(std::int64_t milliseconds) {
  return Timestamp(std::chrono::milliseconds(milliseconds));
}

TEST(TimeTest, FormatsAsRfc3339) {
  EXPECT_EQ(FormatTimestamp(At(0)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(FormatTimestamp(At(951'782'400'007)), "2000-02-29T00:00:00.007Z");
  EXPECT_EQ(FormatTimestamp(At(-1)), "1969-12-31T23:59:59.999Z");
}

TEST(TimeTest, DayChangesAtMidnightUtc) {
  const Timestamp midnight = At(951'782'400'000);
  EXPECT_EQ(FormatDay(midnight), "2000-02-29");
  EXPECT_EQ(FormatDay(midnight - 1ms), "2000-02-28");
}

TEST(TimeTest, ParsesExistingDaysOnly) {
  ASSERT_TRUE(ParseDay("2000-02-29"));
  EXPECT_EQ(Timestamp(*ParseDay("2000-02-29")), At(951'782'400'000));
  EXPECT_EQ(Timestamp(*ParseDay("0001-01-01")), At(-62'135'596'800'000));
  EXPECT_EQ(Timestamp(*ParseDay("9999-12-31")), At(253'402'214'400'000));
  for (const char* text : {"", "2001-02-29", "2000-13-01", "2000-00-01", "2000-01-32", "2000-1-1",
                           "20000101", "2000-01-01 ", "2000/01/01", "abcd-ef-gh", "+200-01-01"}) {
    EXPECT_FALSE(ParseDay(text)) << text;
  }
}

}  // namespace
}  // namespace satchel
