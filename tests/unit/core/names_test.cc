#include "core/names.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace satchel {
namespace {

bool IsFilename(const std::string& value) {
  FieldChecker fields;
  fields.CheckFilename(value);
  return fields.status().ok();
}

TEST(FieldChecker, TakesOrdinaryNames) {
  for (const std::string& name : {std::string("a.txt"),
                                  std::string("Bericht (final) v2.docx"),
                                  std::string("100 %+#?&=.pdf"),
                                  std::string("it's \"quoted\".txt"),
                                  std::string(" leading and trailing "),
                                  std::string("..."),
                                  std::string(".hidden"),
                                  std::string("..a"),
                                  std::string("a.."),
                                  std::string("naïve.txt"),
                                  std::string("日本語.pdf"),
                                  std::string("تقرير.pdf"),
                                  std::string("\U0001F4DA.txt"),
                                  std::string("a\u0308.txt"),
                                  std::string("CON"),
                                  std::string("a:b*c|d<e>.txt"),
                                  std::string("$(rm -rf ~).txt"),
                                  std::string("\u200D\u200B"),
                                  std::string("\u00A0"),
                                  std::string("\u202F"),
                                  std::string("\u2065"),
                                  std::string("\u206A"),
                                  std::string(255, 'x')}) {
    EXPECT_TRUE(IsFilename(name)) << name;
  }
}

TEST(FieldChecker, RefusesWhatCannotBeAName) {
  std::vector<std::string> names = {
      "", ".", "..", "a/b", "/", "a\\b", "\\", std::string("a\0b", 3), "a\nb", "a\tb", "\x1F",
      "\x7F", "\u0080", "\u009F", "\u0085",
      // Not UTF-8: a lone continuation, overlong forms, a surrogate, above U+10FFFF, cut off.
      "\x80", "\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80",
      "\xF8\x88\x80\x80\x80", "a\xC3", "\xE2\x82", "\xFF", "\xFE", std::string(256, 'x'),
      std::string(254, 'x') + "\u00E9"};
  for (char32_t c = 0x202A; c <= 0x202E; ++c) {
    names.push_back(std::string("\xE2\x80") + static_cast<char>(0x80 + (c & 0x3F)));
  }
  for (char32_t c = 0x2066; c <= 0x2069; ++c) {
    names.push_back(std::string("\xE2\x81") + static_cast<char>(0x80 + (c & 0x3F)));
  }
  for (const std::string& name : names) EXPECT_FALSE(IsFilename(name)) << name;
}

TEST(FieldChecker, UsersAndCategoriesAreShorter) {
  FieldChecker fits;
  fits.CheckUserId(std::string(128, 'x'));
  fits.CheckCategory(std::string(128, 'x'));
  EXPECT_TRUE(fits.status().ok());
  FieldChecker too_long;
  too_long.CheckUserId(std::string(129, 'x'));
  too_long.CheckCategory(std::string(129, 'x'));
  EXPECT_EQ(too_long.status().field_violations().size(), 2U);
}

TEST(FieldChecker, CollectsAllViolationsWithTheirFields) {
  FieldChecker fields;
  fields.CheckUserId("");
  fields.CheckCategory("fine");
  fields.CheckFilename("a/b");
  fields.CheckDocumentId("");
  fields.Reject("size", "must be at least 1 byte", "0");
  const Status status = fields.status();
  EXPECT_TRUE(status.Is(Reason::kInvalidField));
  ASSERT_EQ(status.field_violations().size(), 4U);
  EXPECT_EQ(status.field_violations()[0].field, "user_id");
  EXPECT_EQ(status.field_violations()[1].field, "filename");
  EXPECT_EQ(status.field_violations()[1].rejected_value, "a/b");
  EXPECT_EQ(status.field_violations()[2].field, "document_id");
  EXPECT_EQ(status.field_violations()[3].rejected_value, "0");
}

TEST(FieldChecker, EchoesRejectedValuesCutAndClean) {
  FieldChecker fields;
  fields.CheckFilename(std::string(5000, '\x01'));
  EXPECT_LE(fields.status().field_violations()[0].rejected_value.size(), 128U);
  EXPECT_EQ(fields.status().field_violations()[0].rejected_value.find('\x01'), std::string::npos);
}

}  // namespace
}  // namespace satchel
