#include "app/env_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temporary_folder.h"

namespace satchel {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// "KEY=value" of each entry; fails the test when there are problems.
std::vector<std::string> Entries(std::string_view text) {
  const EnvFileContent content = ParseEnvFile(text);
  EXPECT_THAT(content.problems, IsEmpty());
  std::vector<std::string> entries;
  for (const EnvFileEntry& entry : content.entries)
    entries.push_back(entry.key + "=" + entry.value);
  return entries;
}

TEST(ParseEnvFile, NothingInIt) {
  for (const std::string_view text :
       {"", "\n", "\r\n\r\n", "  \t", "# only a comment", "\xEF\xBB\xBF",
        "\xEF\xBB\xBF# mark first\n", "  # indented"}) {
    EXPECT_THAT(Entries(text), IsEmpty()) << text;
  }
}

struct LineCase {
  std::string_view name;
  std::string_view text;
  std::string_view entry;
};

class EnvFileLine : public ::testing::TestWithParam<LineCase> {};

TEST_P(EnvFileLine, GivesOneEntry) {
  const std::string text(GetParam().text);
  EXPECT_THAT(Entries(text), ElementsAre(GetParam().entry));
  EXPECT_THAT(Entries(text + "\n"), ElementsAre(GetParam().entry));
  EXPECT_THAT(Entries(text + "\r\n"), ElementsAre(GetParam().entry));
  EXPECT_THAT(Entries("A=1\n" + text + "\nB=2"), ElementsAre("A=1", GetParam().entry, "B=2"));
}

INSTANTIATE_TEST_SUITE_P(
    All, EnvFileLine,
    ::testing::Values(LineCase{"plain", "PORT=50051", "PORT=50051"},
                      LineCase{"empty", "PORT=", "PORT="},
                      LineCase{"blanks", "  PORT \t=  50051  ", "PORT=50051"},
                      LineCase{"inner_blanks", "K=a  b", "K=a  b"},
                      LineCase{"exported", "export PORT=1", "PORT=1"},
                      LineCase{"exported_with_blanks", "\texport   PORT = 1", "PORT=1"},
                      LineCase{"a_key_named_export", "export=1", "export=1"},
                      LineCase{"comment_behind", "PORT=1 # one", "PORT=1"},
                      LineCase{"hash_in_value", "K=a#b", "K=a#b"},
                      LineCase{"hash_first", "K=#b", "K="},
                      LineCase{"equals_in_value", "K=a=b==", "K=a=b=="},
                      LineCase{"url", "K=mysql://u:p@h:1/d?x=1", "K=mysql://u:p@h:1/d?x=1"},
                      LineCase{"quote_inside", "K=it's", "K=it's"},
                      LineCase{"single", "K='a \"b\" $c \\n # d'", "K=a \"b\" $c \\n # d"},
                      LineCase{"double_quoted", "K=\"a 'b' # c\"", "K=a 'b' # c"},
                      LineCase{"escapes", R"(K="a\nb\t\"c\"\\d\$e\x")", "K=a\nb\t\"c\"\\d$e\\x"},
                      LineCase{"empty_quotes", "K=\"\"", "K="},
                      LineCase{"comment_behind_quotes", "K='a'  # b", "K=a"},
                      LineCase{"comment_at_quotes", "K='a'#b", "K=a"},
                      LineCase{"not_expanded", "K=${HOME}$PATH`id`", "K=${HOME}$PATH`id`"},
                      LineCase{"other_keys", "spring.datasource-url=x", "spring.datasource-url=x"},
                      LineCase{"utf8", "K=Müller 🎒", "K=Müller 🎒"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(ParseEnvFile, QuotedValuesOverSeveralLines) {
  EXPECT_THAT(Entries("A=\"-----BEGIN\r\nabc\nend\"\nB='x\ny' # z\nC=1"),
              ElementsAre("A=-----BEGIN\nabc\nend", "B=x\ny", "C=1"));
}

TEST(ParseEnvFile, KeepsRepetitionsInOrder) {
  EXPECT_THAT(Entries("K=1\nK=2"), ElementsAre("K=1", "K=2"));
}

TEST(ParseEnvFile, LineNumbers) {
  const EnvFileContent content = ParseEnvFile("# 1\nA='x\ny'\n\nB=1\n");
  ASSERT_EQ(content.entries.size(), 2U);
  EXPECT_EQ(content.entries[0].line, 2);
  EXPECT_EQ(content.entries[1].line, 5);
}

struct ProblemCase {
  std::string_view name;
  std::string_view text;
  std::string_view problem;
};

class EnvFileProblem : public ::testing::TestWithParam<ProblemCase> {};

TEST_P(EnvFileProblem, IsReportedWithItsLineAndWithoutTheValue) {
  const EnvFileContent content = ParseEnvFile("A=1\n" + std::string(GetParam().text) + "\nB=2\n");
  EXPECT_THAT(content.problems, ElementsAre(GetParam().problem));
  for (const std::string& problem : content.problems) {
    EXPECT_THAT(problem, ::testing::Not(HasSubstr("s3cr3t")));
  }
  ASSERT_EQ(content.entries.size(), 2U);
  EXPECT_EQ(content.entries[0].key, "A");
  EXPECT_EQ(content.entries[1].key, "B");
}

INSTANTIATE_TEST_SUITE_P(
    All, EnvFileProblem,
    ::testing::Values(
        ProblemCase{"no_equals", "s3cr3t", "line 2: is not KEY=VALUE"},
        ProblemCase{"no_key", "=s3cr3t", "line 2: is not KEY=VALUE"},
        ProblemCase{"two_words", "MY KEY=s3cr3t", "line 2: is not KEY=VALUE"},
        ProblemCase{"export_alone", "export", "line 2: is not KEY=VALUE"},
        ProblemCase{"export_without_value", "export PORT", "line 2: is not KEY=VALUE"},
        ProblemCase{"quoted_key", "\"K\"=s3cr3t", "line 2: is not KEY=VALUE"},
        ProblemCase{"yaml", "PORT: s3cr3t", "line 2: is not KEY=VALUE"},
        ProblemCase{"open_single", "K='s3cr3t", "line 2: the quote is never closed"},
        ProblemCase{"open_double", "K=\"s3cr3t\\\"", "line 2: the quote is never closed"},
        ProblemCase{"text_behind", "K='s3cr3t' x", "line 2: has text behind the closing quote"},
        ProblemCase{"nul", std::string_view("K=s3cr3t\0x", 10),
                    "line 2: the value holds a NUL character"},
        ProblemCase{"nul_in_key", std::string_view("K\0X=s3cr3t", 10), "line 2: is not KEY=VALUE"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(ParseEnvFile, AllProblemsAtOnce) {
  EXPECT_THAT(ParseEnvFile("a\nK=1\nb\nK='x\n").problems,
              ElementsAre("line 1: is not KEY=VALUE", "line 3: is not KEY=VALUE",
                          "line 4: the quote is never closed"));
}

TEST(ParseEnvFile, SurvivesAnyBytes) {
  for (int first = 0; first < 256; ++first) {
    for (const char second : {'=', '\'', '"', '\\', '\n', '\r', '#', 'e'}) {
      const std::string text = {static_cast<char>(first), second, static_cast<char>(first), '='};
      const EnvFileContent content = ParseEnvFile(text);
      EXPECT_LE(content.entries.size() + content.problems.size(), 3U);
    }
  }
}

TEST(ReadTextFile, ReadsWhatIsThere) {
  const TemporaryFolder folder;
  const std::string text("a\0b\r\n", 5);
  EXPECT_EQ(ReadTextFile(folder.Write("file", text), 5).value(), text);
  EXPECT_EQ(ReadTextFile(folder.Write("empty", ""), 5).value(), "");
}

TEST(ReadTextFile, SaysWhyItCannot) {
  const TemporaryFolder folder;
  const std::string missing = (folder.path() / "missing").string();
  const auto message = [](const std::string& path) {
    const Status status = ReadTextFile(path, 5).status();
    EXPECT_TRUE(status.Is(Reason::kConfigurationInvalid));
    EXPECT_THAT(status.message(), HasSubstr(path));
    return status.message();
  };
  EXPECT_THAT(message(missing), HasSubstr("No such file"));
  EXPECT_THAT(message(folder.path().string()), HasSubstr("folder"));
  EXPECT_THAT(message(folder.Write("large", "123456")), HasSubstr("larger than 5 bytes"));
}

}  // namespace
}  // namespace satchel
