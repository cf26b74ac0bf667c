// Values go to the server and come back byte for byte.

#include <limits>
#include <stdexcept>

#include "unit/sql/mysql_fixture.h"

namespace satchel {
namespace {

using namespace std::string_literals;

class MysqlValuesTest : public MysqlTest {
 protected:
  MysqlValuesTest() {
    RunSql(server_.options(),
           "CREATE TABLE IF NOT EXISTS value_test (id INT PRIMARY KEY, text LONGTEXT, "
           "number BIGINT, moment DATETIME(3)) DEFAULT CHARACTER SET utf8mb4 "
           "COLLATE /*!80000 utf8mb4_0900_bin */ /*M! utf8mb4_nopad_bin */; "
           "DELETE FROM value_test");
  }
  ~MysqlValuesTest() override { RunSql(server_.options(), "DROP TABLE value_test"); }

  Status Write(const SqlOperation& operation) {
    return database_->Write(call_, Durability::kPowerLoss, operation);
  }
  Status Read(const SqlOperation& operation) {
    return database_->Read(call_, ReadScope::kStatement, operation);
  }
  static Status Insert(SqlConnection& connection, std::int64_t id, SqlValue text,
                       SqlValue number = nullptr, SqlValue moment = nullptr) {
    return connection
        .Execute("INSERT INTO value_test (id, text, number, moment) VALUES (?, ?, ?, ?)",
                 {id, text, number, moment})
        .status();
  }
};

TEST_P(MysqlValuesTest, TextOfAnyLengthAndAlphabet) {
  const std::vector<std::string> texts = {"",
                                          "a",
                                          "a ",
                                          "'; DROP TABLE value_test; --",
                                          "\\",
                                          "\u00e4\U0001F4DA",
                                          "tab\tnul"s + '\0' + "behind",
                                          std::string(256, 'x'),
                                          std::string(257, 'y'),
                                          std::string(100'000, 'z')};
  ASSERT_TRUE(Write([&](SqlConnection& connection) -> Status {
                for (std::size_t i = 0; i < texts.size(); ++i) {
                  SATCHEL_RETURN_IF_ERROR(
                      Insert(connection, static_cast<std::int64_t>(i), std::string_view(texts[i])));
                }
                return {};
              }).ok());
  std::vector<std::string> found;
  ASSERT_TRUE(Read([&](SqlConnection& connection) {
                return connection
                    .Query("SELECT text FROM value_test ORDER BY id", {},
                           [&](const SqlRow& row) { found.emplace_back(row.Text(0)); })
                    .status();
              }).ok());
  EXPECT_EQ(found, texts);
}

TEST_P(MysqlValuesTest, NumbersTimesAndNull) {
  using Limits = std::numeric_limits<std::int64_t>;
  const Timestamp moment(std::chrono::milliseconds(1795474620123));
  ASSERT_TRUE(Write([&](SqlConnection& connection) -> Status {
                SATCHEL_RETURN_IF_ERROR(Insert(connection, 1, nullptr, Limits::min(), moment));
                SATCHEL_RETURN_IF_ERROR(
                    Insert(connection, 2, std::string_view("x"), Limits::max(), Timestamp()));
                return Insert(connection, 3, std::string_view(""));
              }).ok());
  int rows = 0;
  const auto check = [&](const SqlRow& row) {
    ++rows;
    if (row.Int64(0) == 1) {
      EXPECT_TRUE(row.IsNull(1));
      EXPECT_EQ(row.Int64(2), Limits::min());
      EXPECT_EQ(row.Time(3), moment);
    } else if (row.Int64(0) == 2) {
      EXPECT_EQ(row.Int64(2), Limits::max());
      EXPECT_EQ(row.Time(3), Timestamp());
      EXPECT_FALSE(row.IsNull(3));
    } else {
      EXPECT_FALSE(row.IsNull(1)) << "empty is not NULL";
      EXPECT_TRUE(row.IsNull(2));
      EXPECT_EQ(row.Int64(2), 0);
      EXPECT_TRUE(row.IsNull(3));
    }
  };
  ASSERT_TRUE(Read([&](SqlConnection& connection) {
                return connection
                    .Query("SELECT id, text, number, moment FROM value_test", {}, check)
                    .status();
              }).ok());
  EXPECT_EQ(rows, 3);
}

TEST_P(MysqlValuesTest, SumsAreExactAndUnchangedRowsCountAsMatched) {
  std::int64_t sum = 0;
  std::int64_t none = -1;
  std::int64_t matched = -1;
  ASSERT_TRUE(
      Write([&](SqlConnection& connection) -> Status {
        for (const std::int64_t id : {1, 2, 3}) {
          SATCHEL_RETURN_IF_ERROR(Insert(connection, id, nullptr, std::int64_t{1} << 60));
        }
        auto updated = connection.Execute("UPDATE value_test SET text = NULL WHERE id >= 2");
        if (!updated.ok()) return updated.status();
        matched = *updated;
        return connection
            .Query("SELECT SUM(number), SUM(CASE WHEN id > 9 THEN 1 END) FROM value_test", {},
                   [&](const SqlRow& row) {
                     sum = row.Int64(0);
                     none = row.Int64(1);
                   })
            .status();
      }).ok());
  EXPECT_EQ(sum, std::int64_t{3} << 60);
  EXPECT_EQ(none, 0);
  EXPECT_EQ(matched, 2) << "found, not changed";
}

TEST_P(MysqlValuesTest, ATakenKeyLeavesTheTransactionAlive) {
  ASSERT_TRUE(Write([&](SqlConnection& connection) -> Status {
                SATCHEL_RETURN_IF_ERROR(Insert(connection, 1, nullptr));
                const auto again = connection.Execute("INSERT INTO value_test (id) VALUES (1)");
                EXPECT_TRUE(again.Is(SqlFailure::kUniqueViolation));
                return Insert(connection, 2, nullptr);
              }).ok());
  std::int64_t rows = 0;
  ASSERT_TRUE(Read([&](SqlConnection& connection) {
                return connection
                    .Query("SELECT COUNT(*) FROM value_test", {},
                           [&](const SqlRow& row) { rows = row.Int64(0); })
                    .status();
              }).ok());
  EXPECT_EQ(rows, 2);
}

TEST_P(MysqlValuesTest, WhatFailsIsUndoneAndTheConnectionGoesOn) {
  MysqlOptions options = server_.options();
  options.connections_max = 1;
  database_ = OpenDatabase(options);
  EXPECT_TRUE(Write([&](SqlConnection& connection) -> Status {
                SATCHEL_RETURN_IF_ERROR(Insert(connection, 1, nullptr));
                return Status(Reason::kQuotaExceeded, "as the caller says");
              }).Is(Reason::kQuotaExceeded));
  EXPECT_TRUE(Write([&](SqlConnection& connection) -> Status {
                SATCHEL_RETURN_IF_ERROR(Insert(connection, 2, nullptr));
                throw std::runtime_error("thrown");
              }).Is(Reason::kInternal));
  EXPECT_TRUE(Write([&](SqlConnection& connection) {
                return connection.Execute("no SQL at all").status();
              }).Is(Reason::kInternal));
  EXPECT_TRUE(Write([&](SqlConnection& connection) {
                return connection.Execute("DELETE FROM value_test WHERE id = ?").status();
              }).Is(Reason::kInternal))
      << "a value is missing";
  const auto throwing = [](const SqlRow&) { throw std::runtime_error("thrown"); };
  ASSERT_TRUE(Write([&](SqlConnection& connection) -> Status {
                SATCHEL_RETURN_IF_ERROR(Insert(connection, 3, nullptr));
                return Insert(connection, 4, nullptr);
              }).ok());
  EXPECT_TRUE(Read([&](SqlConnection& connection) {
                return connection.Query("SELECT id FROM value_test", {}, throwing).status();
              }).Is(Reason::kInternal));
  std::int64_t sum = 0;
  ASSERT_TRUE(Read([&](SqlConnection& connection) {
                return connection
                    .Query("SELECT SUM(id) FROM value_test", {},
                           [&](const SqlRow& row) { sum = row.Int64(0); })
                    .status();
              }).ok());
  EXPECT_EQ(sum, 7) << "rows 3 and 4 only";
}

TEST_P(MysqlValuesTest, ASnapshotSeesNothingNew) {
  const auto count = [](SqlConnection& connection, std::int64_t& rows) {
    return connection
        .Query("SELECT COUNT(*) FROM value_test", {},
               [&](const SqlRow& row) { rows = row.Int64(0); })
        .status();
  };
  for (const ReadScope scope : {ReadScope::kSnapshot, ReadScope::kStatement}) {
    std::int64_t before = -1;
    std::int64_t after = -1;
    const std::int64_t id = scope == ReadScope::kSnapshot ? 1 : 2;
    ASSERT_TRUE(database_
                    ->Read(call_, scope,
                           [&](SqlConnection& connection) -> Status {
                             // The snapshot is taken before its first statement.
                             EXPECT_TRUE(Write([&](SqlConnection& other) {
                                           return Insert(other, id, nullptr);
                                         }).ok());
                             SATCHEL_RETURN_IF_ERROR(count(connection, before));
                             EXPECT_TRUE(Write([&](SqlConnection& other) {
                                           return Insert(other, id + 10, nullptr);
                                         }).ok());
                             return count(connection, after);
                           })
                    .ok());
    EXPECT_EQ(before, scope == ReadScope::kSnapshot ? 0 : 3);
    EXPECT_EQ(after, scope == ReadScope::kSnapshot ? 0 : 4);
  }
}

SATCHEL_ON_EVERY_SERVER(MysqlValuesTest);

}  // namespace
}  // namespace satchel
