#include "observability/json_line.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "observability/redaction.h"

namespace satchel {
namespace {

constexpr std::size_t kNoLimit = 1 << 20;

std::string LineOf(std::string_view value, std::size_t bytes_max = kNoLimit) {
  JsonLine line;
  line.AddText("value", value, bytes_max);
  return line.Finish();
}

std::string RoundTrip(std::string_view value, std::size_t bytes_max = kNoLimit) {
  return nlohmann::json::parse(LineOf(value, bytes_max)).at("value").get<std::string>();
}

TEST(JsonLine, MembersInOrder) {
  JsonLine line;
  line.AddText("a", "x", 10);
  line.AddInteger("b", -7);
  line.AddMilliseconds("c", std::chrono::microseconds(1234567));
  EXPECT_EQ(line.Finish(), R"({"a":"x","b":-7,"c":1234.567})");
}

TEST(JsonLine, EmptyObject) { EXPECT_EQ(JsonLine().Finish(), "{}"); }

TEST(JsonLine, NegativeDurationIsZero) {
  JsonLine line;
  line.AddMilliseconds("c", std::chrono::nanoseconds(-5));
  EXPECT_EQ(line.Finish(), R"({"c":0.000})");
}

TEST(JsonLine, EveryByteValueMakesValidJsonOnOneLine) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string text{'a', static_cast<char>(byte), 'b'};
    const std::string line = LineOf(text);
    EXPECT_TRUE(nlohmann::json::accept(line)) << byte;
    for (const char c : line) EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F);
    if (byte < 0x80) {
      EXPECT_EQ(RoundTrip(text), text) << byte;
    }
  }
}

struct EscapeCase {
  std::string_view name;
  std::string_view text;
  std::string_view line;
};

class JsonLineEscape : public ::testing::TestWithParam<EscapeCase> {};

TEST_P(JsonLineEscape, IsAsExpected) {
  EXPECT_EQ(LineOf(GetParam().text), "{\"value\":\"" + std::string(GetParam().line) + "\"}");
}

INSTANTIATE_TEST_SUITE_P(
    All, JsonLineEscape,
    ::testing::Values(
        EscapeCase{"quote", R"(a"b\c)", R"(a\"b\\c)"},
        EscapeCase{"newline", "a\nb\r\tc", R"(a\nb\r\tc)"},
        EscapeCase{"escape", "\x1b[2J", R"(\u001b[2J)"},
        EscapeCase{"nul", std::string_view("a\0b", 3), R"(a\u0000b)"},
        EscapeCase{"delete", "\x7f", R"(\u007f)"},
        EscapeCase{"c1", "\xC2\x85\xC2\x9F", R"(\u0085\u009f)"},
        EscapeCase{"separators", "\xE2\x80\xA8\xE2\x80\xA9", R"(\u2028\u2029)"},
        EscapeCase{"bidi", "\xE2\x80\xAEgpj\xE2\x80\xAC", R"(\u202egpj\u202c)"},
        EscapeCase{"isolate", "\xE2\x81\xA6x\xE2\x81\xA9", R"(\u2066x\u2069)"},
        EscapeCase{"names", "Zeugnis Müller 日本 🎒.pdf", "Zeugnis Müller 日本 🎒.pdf"},
        EscapeCase{"overlong", "\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD"},
        EscapeCase{"surrogate", "\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
        EscapeCase{"cut_off", "a\xF0\x9F\x8E", "a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(JsonLine, CutsAtWholeCharacters) {
  EXPECT_EQ(RoundTrip("abcdef", 6), "abcdef");
  EXPECT_EQ(RoundTrip("abcdefg", 6), "abcdef...");
  EXPECT_EQ(RoundTrip("äöü", 6), "äöü");
  EXPECT_EQ(RoundTrip("äöüx", 5), "äö...");
  EXPECT_EQ(RoundTrip("a🎒b", 4), "a...");
  EXPECT_EQ(RoundTrip(std::string(100, '\x80'), 4), "\xEF\xBF\xBD...");
}

struct RedactionCase {
  std::string_view name;
  std::string_view text;
  std::string_view expected;
};

class Redaction : public ::testing::TestWithParam<RedactionCase> {};

TEST_P(Redaction, IsAsExpected) {
  EXPECT_EQ(Redact(GetParam().text), GetParam().expected);
  EXPECT_EQ(RoundTrip(GetParam().text), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    All, Redaction,
    ::testing::Values(
        RedactionCase{"plain", "nothing to hide", "nothing to hide"},
        RedactionCase{"formula", "a=b, c = d", "a=b, c = d"},
        RedactionCase{"endpoint", "no answer from http://minio:9000",
                      "no answer from http://minio:9000"},
        RedactionCase{"link", "GET http://h:8080/documents/1?expires=2&signature=abc failed",
                      "GET http://h:8080/... failed"},
        RedactionCase{"query_without_path", "http://h?sig=abc", "http://h/..."},
        RedactionCase{"credentials", "mysql://root:pa:ss@db:3306/x", "mysql://db:3306/..."},
        RedactionCase{"slash_in_password", "mysql://root:pa/ss@db:3306/x", "mysql://db:3306/..."},
        RedactionCase{"two_links", "(https://a/b) \"https://c/d\"",
                      "(https://a/...) \"https://c/...\""},
        RedactionCase{"amazon", "X-Amz-Signature=abc&x-amz-credential=def;z",
                      "X-Amz-Signature=***&x-amz-credential=***;z"},
        RedactionCase{"password", "Password=p4ss word", "Password=*** word"},
        RedactionCase{"secret_of_secret", "secret=token=abc x", "secret=*** x"}),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace satchel
