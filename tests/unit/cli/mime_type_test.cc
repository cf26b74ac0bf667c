#include "cli/mime_type.h"

#include <gtest/gtest.h>

namespace satchel::cli {
namespace {

TEST(MimeTypeOfTest, KnowsTheAllowedExtensionsInAnyCase) {
  EXPECT_EQ(MimeTypeOf("a.pdf"), "application/pdf");
  EXPECT_EQ(MimeTypeOf("a.b.PDF"), "application/pdf");
  EXPECT_EQ(MimeTypeOf("a.doc"), "application/msword");
  EXPECT_EQ(MimeTypeOf("a.docx"),
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document");
  EXPECT_EQ(MimeTypeOf("a.xlsx"),
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet");
  EXPECT_EQ(MimeTypeOf("a.txt"), "text/plain");
}

TEST(MimeTypeOfTest, GuessesNothingElse) {
  EXPECT_EQ(MimeTypeOf("a.exe"), "");
  EXPECT_EQ(MimeTypeOf("pdf"), "");
  EXPECT_EQ(MimeTypeOf("a."), "");
  EXPECT_EQ(MimeTypeOf(""), "");
}

}  // namespace
}  // namespace satchel::cli
