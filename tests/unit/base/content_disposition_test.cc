#include "base/content_disposition.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/text.h"

namespace satchel::testing {
namespace {

std::string Expected(const std::string& ascii, const std::string& encoded) {
  return "attachment; filename=\"" + ascii + "\"; filename*=UTF-8''" + encoded;
}

TEST(ContentDispositionTest, NamesTheFileTwice) {
  EXPECT_EQ(AttachmentDisposition("essay 1.pdf"), Expected("essay 1.pdf", "essay%201.pdf"));
  EXPECT_EQ(AttachmentDisposition("Übung (1).pdf"),
            Expected("_bung (1).pdf", "%C3%9Cbung%20%281%29.pdf"));
  EXPECT_EQ(AttachmentDisposition("試験.docx"), Expected("__.docx", "%E8%A9%A6%E9%A8%93.docx"));
  EXPECT_EQ(AttachmentDisposition("a😀b.txt"), Expected("a_b.txt", "a%F0%9F%98%80b.txt"));
  EXPECT_EQ(AttachmentDisposition("it's; x=y, 100%+#.txt"),
            Expected("it's; x=y, 100_+#.txt", "it%27s%3B%20x%3Dy%2C%20100%25%2B%23.txt"));
}

TEST(ContentDispositionTest, QuotesCannotBeLeft) {
  EXPECT_EQ(AttachmentDisposition("a\".exe"), Expected("a_.exe", "a%22.exe"));
  EXPECT_EQ(AttachmentDisposition("a\"; filename=\"b.exe"),
            Expected("a_; filename=_b.exe", "a%22%3B%20filename%3D%22b.exe"));
}

TEST(ContentDispositionTest, FoldersCannotBeNamed) {
  EXPECT_EQ(AttachmentDisposition("../../a\\b"), Expected(".._.._a_b", ".._.._a_b"));
}

TEST(ContentDispositionTest, AnyBytesBecomePrintableAscii) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
  for (const std::string& name :
       {std::string("a\r\nSet-Cookie: x=y"), std::string("\0\x7F\x1B[0m", 6),
        std::string("\xFF\xFE"), std::string("\xC0\xAF"), all, std::string()}) {
    for (const char c : AttachmentDisposition(name)) {
      EXPECT_TRUE(c >= 0x20 && c < 0x7F) << HexEncode(std::as_bytes(std::span(name)));
    }
  }
}

}  // namespace
}  // namespace satchel::testing
