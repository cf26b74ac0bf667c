#include "cli/progress_bar.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/text_format.h"
#include "unit/cli/test_environment.h"

namespace satchel::cli {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

TEST(RenderProgressTest, ShowsHowFarHowFastHowLong) {
  const std::string line = RenderProgress(
      {.name = "a.pdf", .done = 10 << 20, .total = 40 << 20, .elapsed = std::chrono::seconds(2)},
      100);
  EXPECT_THAT(line, StartsWith("a.pdf [#######"));
  EXPECT_THAT(line, HasSubstr("]  25%  10.0 MiB of 40.0 MiB  5.0 MiB/s  0:06"));
}

TEST(RenderProgressTest, IsSilentAboutARateItCannotKnow) {
  const std::string line = RenderProgress(
      {.name = "a.pdf", .done = 1, .total = 100, .elapsed = std::chrono::milliseconds(10)}, 100);
  EXPECT_THAT(line, EndsWith("  1%  1 B of 100 B"));
}

TEST(RenderProgressTest, NeverFillsTheLastColumn) {
  const TransferProgress progress{.name = std::string(300, 'x') + "例",
                                  .done = 999 << 20,
                                  .total = 1000 << 20,
                                  .elapsed = std::chrono::hours(1)};
  for (int columns = 0; columns < 200; ++columns) {
    EXPECT_LE(DisplayWidth(RenderProgress(progress, columns)),
              static_cast<std::size_t>(std::max(columns - 1, 0)))
        << columns;
  }
}

TEST(RenderProgressTest, EscapesTheName) {
  const std::string line = RenderProgress({.name = "\x1b[2J.pdf", .done = 1, .total = 1}, 100);
  EXPECT_EQ(line.find('\x1b'), std::string::npos);
}

TEST(RenderProgressTest, NeverPassesTheEnd) {
  EXPECT_THAT(RenderProgress({.name = "a", .done = 300, .total = 100}, 100), HasSubstr("100%"));
  EXPECT_THAT(RenderProgress({.name = "a", .done = 0, .total = 0}, 100), HasSubstr("100%"));
}

TEST(ProgressBarTest, DrawsOnTerminalsOnly) {
  TestEnvironment test;
  {
    ProgressBar bar(test.environment);
    bar.Start("a.pdf", 10);
    bar.Update(10);
  }
  EXPECT_EQ(test.err.str(), "");
  test.environment.err_is_terminal = true;
  test.environment.json = true;
  {
    ProgressBar bar(test.environment);
    bar.Start("a.pdf", 10);
    bar.Update(10);
  }
  EXPECT_EQ(test.err.str(), "");
}

TEST(ProgressBarTest, EndsWithTheLastState) {
  TestEnvironment test;
  test.environment.err_is_terminal = true;
  {
    ProgressBar bar(test.environment);
    bar.Start("a.pdf", 10);
    bar.Update(0);
    bar.Update(10);
  }
  EXPECT_THAT(test.err.str(), EndsWith("100%  10 B of 10 B\x1b[K\n"));
}

}  // namespace
}  // namespace satchel::cli
