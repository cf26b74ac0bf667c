// Migration files in pieces: what ends a statement, and what only looks as if.
#include "adapters/sql/mysql_script.h"

#include <gmock/gmock.h>

#include "adapters/sql/migrator.h"

namespace satchel {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::IsEmpty;
using ::testing::StartsWith;

TEST(MysqlScript, SemicolonsEndStatements) {
  EXPECT_THAT(SplitMysqlScript("SELECT 1; SELECT 2 ;\n SELECT 3"),
              ElementsAre("SELECT 1", "SELECT 2", "SELECT 3"));
}

TEST(MysqlScript, WhatHoldsNoSqlIsNoStatement) {
  EXPECT_THAT(SplitMysqlScript(""), IsEmpty());
  EXPECT_THAT(SplitMysqlScript(" \r\n\t;;  ; "), IsEmpty());
  EXPECT_THAT(SplitMysqlScript("-- only; a comment\n# another; one\n/* a; third */"), IsEmpty());
  EXPECT_THAT(SplitMysqlScript("--"), IsEmpty());
}

TEST(MysqlScript, CommentsAroundStatementsGo) {
  EXPECT_THAT(SplitMysqlScript("-- first; one\nSELECT 1; -- of two; done\nSELECT 2 # so; it is\n;"),
              ElementsAre("SELECT 1", "SELECT 2"));
  EXPECT_THAT(SplitMysqlScript("/* ; */ SELECT 1 /* ; */; SELECT 2"),
              ElementsAre("SELECT 1", "SELECT 2"));
}

TEST(MysqlScript, CommentsInsideStatementsStay) {
  EXPECT_THAT(SplitMysqlScript("SELECT /* a; */ 1,\n-- b; c\n2;"),
              ElementsAre("SELECT /* a; */ 1,\n-- b; c\n2"));
}

TEST(MysqlScript, CommentsThatTheServerExecutesAreSql) {
  EXPECT_THAT(SplitMysqlScript("/*!40101 SET NAMES utf8mb4 */; /*M! SELECT 1 */;"),
              ElementsAre("/*!40101 SET NAMES utf8mb4 */", "/*M! SELECT 1 */"));
  EXPECT_THAT(SplitMysqlScript("CREATE TABLE t (x INT) COLLATE /*!80000 a */ /*M! b */;"),
              ElementsAre("CREATE TABLE t (x INT) COLLATE /*!80000 a */ /*M! b */"));
}

TEST(MysqlScript, QuotedSemicolonsEndNothing) {
  EXPECT_THAT(SplitMysqlScript("SELECT ';', \";\", `;`; SELECT 2"),
              ElementsAre("SELECT ';', \";\", `;`", "SELECT 2"));
}

TEST(MysqlScript, QuotesAreDoubledOrEscaped) {
  EXPECT_THAT(SplitMysqlScript(R"(SELECT 'it''s; one', 'it\'s; two', "a"";"; SELECT 2)"),
              ElementsAre(R"(SELECT 'it''s; one', 'it\'s; two', "a"";")", "SELECT 2"));
  EXPECT_THAT(SplitMysqlScript(R"(SELECT 'ends in \\'; SELECT 2)"),
              ElementsAre(R"(SELECT 'ends in \\')", "SELECT 2"));
  EXPECT_THAT(SplitMysqlScript(R"(SELECT 1 AS `a\`; SELECT 2)"),
              ElementsAre(R"(SELECT 1 AS `a\`)", "SELECT 2"))
      << "no escapes in names";
}

TEST(MysqlScript, CommentsInQuotesAreTextAndQuotesInCommentsAreNone) {
  EXPECT_THAT(SplitMysqlScript("SELECT '-- ', '/*'; SELECT '*/'"),
              ElementsAre("SELECT '-- ', '/*'", "SELECT '*/'"));
  EXPECT_THAT(SplitMysqlScript("-- it's one\nSELECT 1; /* \" */ SELECT 2"),
              ElementsAre("SELECT 1", "SELECT 2"));
}

TEST(MysqlScript, DashesWithoutABlankAreArithmetic) {
  EXPECT_THAT(SplitMysqlScript("SELECT 5--1; SELECT 2"), ElementsAre("SELECT 5--1", "SELECT 2"));
}

TEST(MysqlScript, WhatIsLeftOpenReachesTheEnd) {
  EXPECT_THAT(SplitMysqlScript("SELECT 'open; SELECT 2"), ElementsAre("SELECT 'open; SELECT 2"));
  EXPECT_THAT(SplitMysqlScript("SELECT 1 /* open; "), ElementsAre("SELECT 1"));
  EXPECT_THAT(SplitMysqlScript("SELECT '\\"), ElementsAre("SELECT '\\"));
  EXPECT_THAT(SplitMysqlScript("/*"), IsEmpty());
}

TEST(MysqlScript, SplitsTheMigrationsOfThisProgram) {
  ASSERT_FALSE(MysqlMigrations().empty());
  const auto statements = SplitMysqlScript(MysqlMigrations().front().sql);
  ASSERT_EQ(statements.size(), 3U);
  for (const std::string_view statement : statements) {
    EXPECT_THAT(statement, AllOf(StartsWith("CREATE TABLE"), EndsWith("utf8mb4_nopad_bin */")));
  }
}

}  // namespace
}  // namespace satchel
