// The databases that the migrations make are the schema that the code was generated from.
#include <gmock/gmock.h>

#include <algorithm>
#include <regex>

#include "adapters/sql/migrator.h"
#include "adapters/sql/mysql_script.h"
#include "adapters/sql/sqlite_database.h"
#include "support/manual_clock.h"
#include "support/temporary_folder.h"
#include "unit/sql/generated/catalogue.h"

namespace satchel {
namespace {

using ::testing::UnorderedElementsAreArray;

std::string Joined(std::initializer_list<std::string_view> words) {
  std::string text;
  for (const std::string_view word : words) text.append(text.empty() ? "" : " ").append(word);
  return text;
}

std::string_view Nullness(bool nullable) { return nullable ? "NULL" : "NOT NULL"; }

class SqliteSchema : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = SqliteDatabase::Open({folder_.File("satchel.db"), 1, &clock_});
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    database_ = std::move(opened).value();
    const auto applied = Migrator(database_, SqliteMigrations()).Deploy(call_);
    ASSERT_TRUE(applied.ok()) << applied.status().ToString();
  }

  /// The rows of `sql`, the columns of each joined.
  std::vector<std::string> Rows(std::string_view sql, int columns) {
    std::vector<std::string> found;
    const auto read = [&](SqlConnection& connection) {
      const auto add = [&](const SqlRow& row) {
        std::string text(row.Text(0));
        for (int i = 1; i < columns; ++i) text.append(" ").append(row.Text(i));
        found.push_back(std::move(text));
      };
      return connection.Query(sql, {}, add).status();
    };
    const Status status = database_->Read(call_, ReadScope::kStatement, read);
    EXPECT_TRUE(status.ok()) << status.ToString();
    return found;
  }

  TemporaryFolder folder_;
  ManualClock clock_;
  const CallContext call_{"test"};
  std::shared_ptr<SqlDatabase> database_;
};

#define TABLES                                                                        \
  "(SELECT name AS of_table FROM sqlite_master WHERE type = 'table' AND name NOT IN " \
  "('_prisma_migrations', 'sqlite_sequence', 'sqlite_stat1'))"

TEST_F(SqliteSchema, HasTheColumnsOfPrismasSchema) {
  std::vector<std::string> expected;
  for (const ExpectedColumn& one : kExpectedColumns) {
    expected.push_back(Joined({one.table, one.column, one.sqlite_type, Nullness(one.nullable),
                               one.sqlite_default.empty() ? "-" : one.sqlite_default}));
  }
  EXPECT_THAT(Rows("SELECT of_table, name, type, iif(\"notnull\", 'NOT NULL', 'NULL'), "
                   "COALESCE(dflt_value, '-') FROM " TABLES ", pragma_table_info(of_table)",
                   5),
              UnorderedElementsAreArray(expected));
}

TEST_F(SqliteSchema, HasTheKeysOfPrismasSchema) {
  std::vector<std::string> expected;
  for (const ExpectedIndex& one : kExpectedIndexes) {
    if (one.unique) expected.push_back(Joined({one.table, one.columns}));
  }
  EXPECT_THAT(Rows("SELECT of_table, (SELECT group_concat(name, ', ') FROM "
                   "pragma_index_info(keys.name)) FROM " TABLES
                   ", pragma_index_list(of_table) AS keys WHERE \"unique\"",
                   2),
              UnorderedElementsAreArray(expected));
}

/// In SQL; enum('A','B') there is CHECK (... IN ('A', 'B')) here.
std::string QuotedValuesOf(std::string_view enum_type) {
  std::string quoted = "'(";
  for (const char c : enum_type.substr(enum_type.find('(') + 1)) {
    quoted.append(c == '\'' ? "''" : std::string(1, c)).append(c == ',' ? " " : "");
  }
  return quoted + "'";
}

TEST_F(SqliteSchema, TakesTheStatesOfPrismasSchemaAndNoOther) {
  const auto* const status =
      std::find_if(std::begin(kExpectedColumns), std::end(kExpectedColumns),
                   [](const ExpectedColumn& one) { return one.column == "status"; });
  EXPECT_EQ(Rows("SELECT COUNT(*) FROM sqlite_master WHERE name = 'rag_document' AND "
                 "instr(sql, 'CHECK (\"status\" IN ' || " +
                     QuotedValuesOf(status->mysql_type) + " || ')') > 0",
                 1),
            std::vector<std::string>{"1"});
}

#undef TABLES

/// What the release before this one does not notice.
bool IsAdditive(std::string_view statement) {
  const auto matches = [text = std::string(statement)](const char* pattern) {
    return std::regex_search(text, std::regex(pattern, std::regex::icase));
  };
  if (matches("^CREATE (TABLE|INDEX)\\b")) return true;
  if (!matches("^ALTER TABLE \\S+ ADD (COLUMN|INDEX)\\b")) return false;
  if (matches("\\b(DROP|RENAME|MODIFY|CHANGE|UNIQUE)\\b")) return false;
  return !matches("\\bNOT NULL\\b") || matches("\\bDEFAULT\\b");
}

TEST(Migrations, AddAndTakeNothingAway) {
  for (const auto& migrations : {SqliteMigrations(), MysqlMigrations()}) {
    // The first one makes the keys, too.
    for (const Migration& migration : migrations.subspan(1)) {
      for (const std::string_view statement : SplitMysqlScript(migration.sql)) {
        EXPECT_TRUE(IsAdditive(statement)) << migration.name << ": " << statement;
      }
    }
  }
}

TEST(Migrations, AreAdditiveOrAreFound) {
  for (const char* fine :
       {"CREATE TABLE t (x INT NOT NULL)", "CREATE INDEX i ON t (x)",
        "ALTER TABLE `t` ADD COLUMN `x` INT NULL", "alter table t add column x int",
        "ALTER TABLE t ADD COLUMN x INT NOT NULL DEFAULT 0", "ALTER TABLE t ADD INDEX i (x)"}) {
    EXPECT_TRUE(IsAdditive(fine)) << fine;
  }
  for (const char* breaking :
       {"DROP TABLE t", "ALTER TABLE t DROP COLUMN x", "ALTER TABLE t ADD COLUMN x INT NOT NULL",
        "ALTER TABLE t ADD COLUMN x INT, DROP COLUMN y", "ALTER TABLE t RENAME COLUMN x TO y",
        "ALTER TABLE t MODIFY x INT", "UPDATE t SET x = 1", "DELETE FROM t",
        "CREATE UNIQUE INDEX i ON t (x)", "ALTER TABLE t ADD COLUMN x INT UNIQUE"}) {
    EXPECT_FALSE(IsAdditive(breaking)) << breaking;
  }
}

}  // namespace
}  // namespace satchel
