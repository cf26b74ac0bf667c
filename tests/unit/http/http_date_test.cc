#include "transport/http/http_date.h"

#include <gtest/gtest.h>

namespace satchel::testing {
namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;

constexpr sys_seconds kExample{seconds(784111777)};

TEST(HttpDateTest, WritesTheFixedForm) {
  EXPECT_EQ(FormatHttpDate(kExample), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(FormatHttpDate(sys_seconds(seconds(0))), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(FormatHttpDate(sys_seconds(seconds(1709251199))), "Thu, 29 Feb 2024 23:59:59 GMT");
}

TEST(HttpDateTest, ReadsAllThreeForms) {
  EXPECT_EQ(ParseHttpDate("Sun, 06 Nov 1994 08:49:37 GMT"), kExample);
  EXPECT_EQ(ParseHttpDate("Sunday, 06-Nov-94 08:49:37 GMT"), kExample);
  EXPECT_EQ(ParseHttpDate("Sun Nov  6 08:49:37 1994"), kExample);
}

TEST(HttpDateTest, ReadsWhatItWrites) {
  for (long time = 0; time < 4'000'000'000; time += 86'400 * 17 + 12'345) {
    const sys_seconds moment{seconds(time)};
    EXPECT_EQ(ParseHttpDate(FormatHttpDate(moment)), moment) << time;
  }
}

TEST(HttpDateTest, RefusesAnythingElse) {
  for (const char* text : {"", "now", "0", "1994-11-06T08:49:37Z", "Sun, 06 Nov 1994 08:49:37",
                           "Sun, 06 Nov 1994 08:49:37 GMT and more",
                           "Sun, 99 Nov 1994 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT"}) {
    EXPECT_EQ(ParseHttpDate(text), std::nullopt) << text;
  }
  EXPECT_EQ(ParseHttpDate(std::string(100'000, ' ') + "Sun, 06 Nov 1994 08:49:37 GMT"),
            std::nullopt);
}

}  // namespace
}  // namespace satchel::testing
