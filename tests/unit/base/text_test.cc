#include "base/text.h"

#include <gtest/gtest.h>

#include <array>

namespace satchel {
namespace {

TEST(TextTest, TellsValidFromInvalidUtf8) {
  for (const char* valid : {"", "plain", "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x98\x80",
                            "\xED\x9F\xBF", "\xEE\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(IsValidUtf8(valid)) << valid;
  }
  // Lone continuation, truncated, overlong (2, 3, 4 bytes), surrogate, above U+10FFFF, 0xFE, 0xFF.
  for (const char* invalid :
       {"\x80", "\xC3", "\xE2\x82", "\xC0\xAF", "\xE0\x80\xAF", "\xF0\x80\x80\xAF", "\xED\xA0\x80",
        "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80", "\xFE", "\xFF", "a\xC3z"}) {
    EXPECT_FALSE(IsValidUtf8(invalid));
  }
}

TEST(TextTest, TruncatedTextIsAlwaysValid) {
  EXPECT_EQ(TruncateUtf8("\xC3\xA4\xC3\xA4", 3), "\xC3\xA4");
  EXPECT_EQ(TruncateUtf8("a\xFF"
                         "b",
                         10),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(TruncateUtf8("a\nb", 10),
            "a\xEF\xBF\xBD"
            "b");
}

TEST(TextTest, HexadecimalHasOneForm) {
  const std::array bytes = {std::byte{0x00}, std::byte{0xAB}, std::byte{0xFF}};
  EXPECT_EQ(HexEncode(bytes), "00abff");
  EXPECT_EQ(HexDecode("00abff"), std::string("\x00\xAB\xFF", 3));
  EXPECT_EQ(HexDecode("00ABFF"), std::nullopt);
  EXPECT_EQ(HexDecode("0"), std::nullopt);
  EXPECT_EQ(HexDecode("0g"), std::nullopt);
}

TEST(TextTest, PercentEncodingGoesThereAndBack) {
  const std::string name = "50 % + \"ä\"#?&=/\xF0\x9F\x98\x80.pdf";
  const std::string encoded = PercentEncode(name);
  EXPECT_EQ(encoded.find_first_of(" +\"#?&=/"), std::string::npos);
  EXPECT_EQ(PercentDecode(encoded), name);
  EXPECT_EQ(PercentDecode("%"), std::nullopt);
  EXPECT_EQ(PercentDecode("%4"), std::nullopt);
  EXPECT_EQ(PercentDecode("%4x"), std::nullopt);
}

TEST(TextTest, Base64UrlHasOneForm) {
  for (const std::string& bytes : {std::string(), std::string("f"), std::string("fo"),
                                   std::string("foo"), std::string("\xFF\xFE\x00x", 4)}) {
    EXPECT_EQ(Base64UrlDecode(Base64UrlEncode(bytes)), bytes);
  }
  EXPECT_EQ(Base64UrlEncode("f"), "Zg");
  EXPECT_EQ(Base64UrlDecode("Zh"), std::nullopt) << "the unused bits are not zero";
  EXPECT_EQ(Base64UrlDecode("Zg=="), std::nullopt);
  EXPECT_EQ(Base64UrlDecode("Z"), std::nullopt);
  EXPECT_EQ(Base64UrlDecode("Z+"), std::nullopt);
}

TEST(TextTest, TrimsAndLowers) {
  EXPECT_EQ(TrimAscii(" \ta b\r\n"), "a b");
  EXPECT_EQ(TrimAscii("  "), "");
  EXPECT_EQ(ToLowerAscii("PdF\xC3\x84"), "pdf\xC3\x84");
}

TEST(ToValidUtf8Test, ChangesOnlyWhatIsInvalid) {
  for (const char* text : {"", "plain", "line\nline", "\u00e4\u20ac\U0001F600"}) {
    EXPECT_EQ(ToValidUtf8(text), text);
  }
  EXPECT_EQ(ToValidUtf8("a\xFF\u00e4"), "a\uFFFD\u00e4");
}

}  // namespace
}  // namespace satchel
