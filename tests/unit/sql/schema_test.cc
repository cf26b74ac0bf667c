// The databases that the migrations make are the schema that the code was generated from.
#include <gmock/gmock.h>

#include "adapters/sql/migrator.h"
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

TEST_F(SqliteSchema, TakesTheStatesOfPrismasSchemaAndNoOther) {
  std::string_view type;
  for (const ExpectedColumn& one : kExpectedColumns) {
    if (one.table == "rag_document" && one.column == "status") type = one.mysql_type;
  }
  // enum('A','B') there is CHECK (... IN ('A', 'B')) here.
  std::string values(type.substr(type.find('(')));
  for (std::size_t at = 0; (at = values.find(',', at)) != std::string::npos; at += 2) {
    values.replace(at, 1, ", ");
  }
  EXPECT_EQ(Rows(
                "SELECT COUNT(*) FROM sqlite_master WHERE name = 'rag_document' "
                "AND instr(sql, 'CHECK (\"status\" IN " +
                    [&] {
                      std::string quoted;
                      for (const char c : values) quoted += c == '\'' ? "''" : std::string(1, c);
                      return quoted;
                    }() +
                    ")') > 0",
                1),
            std::vector<std::string>{"1"})
      << values;
}

#undef TABLES

}  // namespace
}  // namespace satchel
