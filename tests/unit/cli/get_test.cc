#include "cli/get.h"

#include <gtest/gtest.h>

namespace satchel::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

CommandError Unavailable() { return {.exit_code = kExitUnreachable, .code = "UNAVAILABLE"}; }

TEST(ResumeDelayTest, BacksOffAndGivesUp) {
  EXPECT_EQ(ResumeDelay(Unavailable(), 1), milliseconds(500));
  EXPECT_EQ(ResumeDelay(Unavailable(), 2), milliseconds(1000));
  EXPECT_EQ(ResumeDelay(Unavailable(), 5), milliseconds(8000));
  EXPECT_EQ(ResumeDelay(Unavailable(), 6), std::nullopt);
}

TEST(ResumeDelayTest, WaitsAsLongAsTheServerAsks) {
  CommandError error = Unavailable();
  error.retry_after = seconds(3);
  EXPECT_EQ(ResumeDelay(error, 1), seconds(3));
  error.retry_after = milliseconds(1);
  EXPECT_EQ(ResumeDelay(error, 1), milliseconds(500));
  error.retry_after = std::chrono::minutes(10);
  EXPECT_EQ(ResumeDelay(error, 1), std::nullopt) << "the user can wait better than we";
}

TEST(ResumeDelayTest, GoesOnOnlyAfterWhatMayPass) {
  EXPECT_TRUE(ResumeDelay({.code = "DEADLINE_EXCEEDED"}, 1));
  for (const char* code : {"DATA_LOSS", "NOT_FOUND", "OUT_OF_RANGE", "INTERNAL", ""}) {
    EXPECT_EQ(ResumeDelay({.code = code}, 1), std::nullopt) << code;
  }
}

}  // namespace
}  // namespace satchel::cli
