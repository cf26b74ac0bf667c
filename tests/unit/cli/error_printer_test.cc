#include "cli/error_printer.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "unit/cli/test_environment.h"

namespace satchel::cli {
namespace {

CommandError QuotaExceeded() {
  return {.code = "RESOURCE_EXHAUSTED",
          .reason = "QUOTA_EXCEEDED",
          .message = "the quota is used up",
          .metadata = {{"limit", "10"}, {"used", "9"}}};
}

TEST(FormatErrorTest, NamesCodeReasonAndWhatIsKnown) {
  EXPECT_EQ(FormatError(QuotaExceeded()),
            "error: RESOURCE_EXHAUSTED QUOTA_EXCEEDED: the quota is used up\n"
            "  limit: 10\n"
            "  used: 9\n");
}

TEST(FormatErrorTest, SaysWhenToTryAgain) {
  CommandError error{.code = "UNAVAILABLE", .reason = "SERVER_BUSY", .message = "busy"};
  error.retry_after = std::chrono::seconds(2);
  EXPECT_EQ(FormatError(error), "error: UNAVAILABLE SERVER_BUSY: busy\n  try again in 2 s\n");
  error.retry_after = std::chrono::milliseconds(1500);
  EXPECT_EQ(FormatError(error), "error: UNAVAILABLE SERVER_BUSY: busy\n  try again in 1.5 s\n");
}

TEST(FormatErrorTest, ShowsFieldsWithWhatTheyGot) {
  CommandError error{.code = "INVALID_ARGUMENT", .reason = "INVALID_FIELD", .message = "bad"};
  error.field_violations = {{"filename", "has no /", "a/b\x1b"}, {"size", "at least 1", ""}};
  EXPECT_EQ(FormatError(error),
            "error: INVALID_ARGUMENT INVALID_FIELD: bad\n"
            "  filename: has no / (got \"a/b\\x1b\")\n"
            "  size: at least 1\n");
}

TEST(FormatErrorTest, SaysOnceWhatIsTheSame) {
  EXPECT_EQ(
      FormatError(
          {.code = "DEADLINE_EXCEEDED", .reason = "DEADLINE_EXCEEDED", .message = "too slow"}),
      "error: DEADLINE_EXCEEDED: too slow\n");
  EXPECT_EQ(FormatError(LocalError("x is empty")), "error: x is empty\n");
}

TEST(FormatErrorTest, ObeysNoServer) {
  EXPECT_EQ(FormatError({.code = "UNKNOWN", .message = "\x1b]0;pwned\x07\nerror: all is well"}),
            "error: UNKNOWN: \\x1b]0;pwned\\x07\\nerror: all is well\n");
}

TEST(FormatErrorJsonTest, IsOneObjectALine) {
  CommandError error = QuotaExceeded();
  error.field_violations = {{"size", "too much", "5"}};
  error.resource = "3f2c";
  error.retry_after = std::chrono::milliseconds(1500);
  const std::string line = FormatErrorJson(error);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  EXPECT_EQ(
      nlohmann::json::parse(line),
      (nlohmann::json{{"error",
                       {{"code", "RESOURCE_EXHAUSTED"},
                        {"reason", "QUOTA_EXCEEDED"},
                        {"message", "the quota is used up"},
                        {"field_violations",
                         {{{"field", "size"}, {"message", "too much"}, {"rejected_value", "5"}}}},
                        {"details", {{"limit", "10"}, {"used", "9"}}},
                        {"resource", "3f2c"},
                        {"retry_after_seconds", 1.5}}}}));
}

TEST(FormatErrorJsonTest, SurvivesInvalidUtf8) {
  EXPECT_EQ(
      nlohmann::json::parse(FormatErrorJson(LocalError("cannot open \xff")))["error"]["message"],
      "cannot open \uFFFD");
}

TEST(ReportErrorTest, GoesToStandardErrorOnly) {
  TestEnvironment test;
  EXPECT_EQ(ReportError(UsageError("what?"), test.environment), kExitUsage);
  EXPECT_EQ(test.err.str(), "error: what?\n");
  EXPECT_EQ(test.out.str(), "");
  test.environment.json = true;
  test.err.str("");
  EXPECT_EQ(ReportError(UsageError("what?"), test.environment), kExitUsage);
  EXPECT_EQ(test.err.str(), "{\"error\":{\"message\":\"what?\"}}\n");
}

}  // namespace
}  // namespace satchel::cli
