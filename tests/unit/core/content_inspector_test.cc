#include "core/content_inspector.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"

namespace satchel {
namespace {

std::span<const std::byte> ToBytes(std::string_view text) { return std::as_bytes(std::span(text)); }

/// Whether `content` passes, given in pieces of `piece` bytes.
bool Passes(ContentKind kind, std::string_view content, std::size_t piece) {
  ContentInspector inspector(kind);
  for (std::size_t given = 0; given < content.size(); given += piece) {
    const Status status = inspector.Update(ToBytes(content.substr(given, piece)));
    if (!status.ok()) {
      EXPECT_TRUE(status.Is(Reason::kContentMismatch));
      return false;
    }
  }
  return inspector.Finish().ok();
}

/// The verdict must not depend on how the bytes come.
bool Passes(ContentKind kind, std::string_view content) {
  const bool whole = Passes(kind, content, content.size() + 1);
  for (const std::size_t piece : {1UL, 2UL, 3UL, 7UL, 1000UL}) {
    EXPECT_EQ(Passes(kind, content, piece), whole) << "in pieces of " << piece;
  }
  return whole;
}

TEST(ContentInspector, APdfHasItsHeaderWithin1024Bytes) {
  EXPECT_TRUE(Passes(ContentKind::kPdf, "%PDF-1.7\n..."));
  EXPECT_TRUE(Passes(ContentKind::kPdf, "%PDF-"));
  EXPECT_TRUE(Passes(ContentKind::kPdf, std::string(1019, ' ') + "%PDF-1.4"));
  EXPECT_FALSE(Passes(ContentKind::kPdf, std::string(1020, ' ') + "%PDF-1.4"));
  EXPECT_FALSE(Passes(ContentKind::kPdf, "%PDF"));
  EXPECT_FALSE(Passes(ContentKind::kPdf, "%pdf-1.7"));
  EXPECT_FALSE(Passes(ContentKind::kPdf, std::string(5000, 'x')));
  EXPECT_FALSE(Passes(ContentKind::kPdf, ""));
}

TEST(ContentInspector, APackageIsAZipFile) {
  EXPECT_TRUE(Passes(ContentKind::kZipPackage, std::string("PK\x03\x04", 4) + "rest"));
  EXPECT_FALSE(Passes(ContentKind::kZipPackage, "PK\x05\x06")) << "an empty archive";
  EXPECT_FALSE(Passes(ContentKind::kZipPackage, "PK\x03"));
  EXPECT_FALSE(Passes(ContentKind::kZipPackage, "%PDF-1.7"));
  EXPECT_FALSE(Passes(ContentKind::kZipPackage, " PK\x03\x04"));
}

TEST(ContentInspector, ADocIsAnOle2File) {
  EXPECT_TRUE(Passes(ContentKind::kOle2, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1rest"));
  EXPECT_FALSE(Passes(ContentKind::kOle2, "\xD0\xCF\x11\xE0\xA1\xB1\x1A"));
  EXPECT_FALSE(Passes(ContentKind::kOle2, "PK\x03\x04"));
}

TEST(ContentInspector, TextIsUtf8WithoutNul) {
  for (const std::string& text : {std::string("plain text\r\n\t"), std::string("\uFEFFwith a mark"),
                                  std::string("naïve 日本"), std::string("\U0001F4DA\U0010FFFF"),
                                  std::string("\u07FF\u0800\uD7FF\uE000\uFFFF"),
                                  std::string("eight..\u00E9 at a word's edge"),
                                  std::string("\x01\x7F control"), std::string("")}) {
    EXPECT_TRUE(Passes(ContentKind::kText, text)) << text;
  }
  for (const std::string& text :
       {std::string("a\0b", 3), std::string("seven.. and then \0", 18), std::string("\x80"),
        std::string("\xC0\xAF"), std::string("\xC1\x81"), std::string("\xE0\x9F\xBF"),
        std::string("\xED\xA0\x80"), std::string("\xF0\x8F\xBF\xBF"),
        std::string("\xF4\x90\x80\x80"), std::string("\xF5\x80\x80\x80"), std::string("caf\xE9"),
        std::string("cut \xC3"), std::string("cut \xE2\x82"), std::string("cut \xF0\x9F\x93"),
        std::string("\xC3("), std::string("\xE2\x82("), std::string("\xFF\xFEu\0t\0", 6)}) {
    EXPECT_FALSE(Passes(ContentKind::kText, text)) << HexEncode(ToBytes(text));
  }
}

TEST(ContentInspector, EverySplitOfATextGivesTheSameVerdict) {
  const std::string text = "a\u00E9\u20AC\U0001F4DAz";
  const std::string bad = "a\u00E9\u20AC\xF0\x9F\x93(z";
  for (const std::string& content : {text, bad}) {
    for (std::size_t first = 0; first <= content.size(); ++first) {
      for (std::size_t second = first; second <= content.size(); ++second) {
        TextValidator validator;
        bool valid = validator.Update(ToBytes(content.substr(0, first)));
        valid = validator.Update(ToBytes(content.substr(first, second - first))) && valid;
        valid = validator.Update(ToBytes(content.substr(second))) && valid;
        EXPECT_EQ(valid && validator.Finish(), content == text) << first << " " << second;
      }
    }
  }
}

TEST(ContentInspector, AContradictionIsSeenAtOnce) {
  ContentInspector zip(ContentKind::kZipPackage);
  EXPECT_FALSE(zip.Update(ToBytes("%")).ok());
  ContentInspector text(ContentKind::kText);
  EXPECT_TRUE(text.Update(ToBytes("fine")).ok());
  EXPECT_FALSE(text.Update(ToBytes(std::string_view("\0", 1))).ok());
  ContentInspector pdf(ContentKind::kPdf);
  EXPECT_TRUE(pdf.Update(ToBytes(std::string(1023, 'x'))).ok());
  EXPECT_FALSE(pdf.Update(ToBytes("x")).ok());
}

TEST(ContentInspector, WhatIsNotKnownIsNotLookedInto) {
  EXPECT_TRUE(Passes(ContentKind::kNotInspected, std::string("\0\xFF anything", 11)));
}

}  // namespace
}  // namespace satchel
