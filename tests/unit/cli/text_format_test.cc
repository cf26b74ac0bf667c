#include "cli/text_format.h"

#include <gtest/gtest.h>

namespace satchel::cli {
namespace {

TEST(EscapeControlsTest, KeepsWhatTerminalsOnlyShow) {
  EXPECT_EQ(EscapeControls("Über 50 % \\ \"пример\" 例 🎒.pdf"), "Über 50 % \\ \"пример\" 例 🎒.pdf");
}

TEST(EscapeControlsTest, ShowsWhatTerminalsWouldObey) {
  EXPECT_EQ(EscapeControls("\x1b[2J"), "\\x1b[2J");
  EXPECT_EQ(EscapeControls("a\nb\tc\rd"), "a\\nb\\tc\\rd");
  EXPECT_EQ(EscapeControls(std::string("\0\x7f", 2)), "\\x00\\x7f");
  EXPECT_EQ(EscapeControls("\xc2\x9b"), "\\x9b") << "C1: CSI as one code point";
  EXPECT_EQ(EscapeControls("\u202Efdp.exe"), "\\u202efdp.exe");
  EXPECT_EQ(EscapeControls("\u2066\u2069\u200F\u061C\u2028"),
            "\\u2066\\u2069\\u200f\\u061c\\u2028");
}

TEST(EscapeControlsTest, ShowsInvalidUtf8AsBytes) {
  EXPECT_EQ(EscapeControls("a\xff\xc3z"), "a\\xff\\xc3z");
  EXPECT_EQ(EscapeControls("\x9b"), "\\x9b");
}

TEST(DisplayWidthTest, CountsColumnsAndNotBytes) {
  EXPECT_EQ(DisplayWidth("abc"), 3U);
  EXPECT_EQ(DisplayWidth("Über"), 4U);
  EXPECT_EQ(DisplayWidth("例"), 2U);
  EXPECT_EQ(DisplayWidth("e\u0301"), 1U) << "a combining accent takes no column";
}

TEST(FitColumnsTest, CutsAtColumns) {
  EXPECT_EQ(FitColumns("abcdef", 6), "abcdef");
  EXPECT_EQ(FitColumns("abcdef", 4), "abc…");
  EXPECT_EQ(FitColumns("例例例", 4), "例…") << "half of a wide character is none";
  EXPECT_EQ(FitColumns("abc", 0), "");
}

TEST(FormatBytesTest, ChangesUnitBeforeFourDigits) {
  EXPECT_EQ(FormatBytes(0), "0 B");
  EXPECT_EQ(FormatBytes(1023), "1023 B");
  EXPECT_EQ(FormatBytes(1024), "1.0 KiB");
  EXPECT_EQ(FormatBytes(1024 * 1024 - 1), "1.0 MiB");
  EXPECT_EQ(FormatBytes(52428800), "50.0 MiB");
  EXPECT_EQ(FormatBytes(std::int64_t{1} << 30), "1.0 GiB");
  EXPECT_EQ(FormatBytes(INT64_MAX), "8.0 EiB");
}

TEST(FormatDurationTest, ShowsHoursOnlyWhenThereAreAny) {
  EXPECT_EQ(FormatDuration(std::chrono::seconds(7)), "0:07");
  EXPECT_EQ(FormatDuration(std::chrono::seconds(754)), "12:34");
  EXPECT_EQ(FormatDuration(std::chrono::seconds(3723)), "1:02:03");
}

TEST(FormatCountTest, KnowsThePlural) {
  EXPECT_EQ(FormatCount(0, "finding"), "0 findings");
  EXPECT_EQ(FormatCount(1, "finding"), "1 finding");
}

}  // namespace
}  // namespace satchel::cli
