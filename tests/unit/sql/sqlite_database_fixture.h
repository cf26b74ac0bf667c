/// A SQLite database with one table, and a way to make a batch of writes gather.
#pragma once

#include <future>
#include <latch>

#include "adapters/sql/sqlite_database.h"
#include "unit/sql/sqlite_fixture.h"

namespace satchel {

class SqliteDatabaseTest : public ::testing::Test {
 protected:
  SqliteDatabaseTest() : path_(folder_.File("numbers.db")) { Open(); }

  void Open(int read_connections = 2) {
    database_.reset();
    auto opened = SqliteDatabase::Open({path_, read_connections, &clock_});
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    database_ = std::move(opened).value();
    ASSERT_TRUE(Write([](SqlConnection& connection) {
                  return connection
                      .Execute("CREATE TABLE IF NOT EXISTS number (value INTEGER PRIMARY KEY)")
                      .status();
                }).ok());
  }

  Status Write(const SqlOperation& operation, Durability durability = Durability::kPowerLoss) {
    return database_->Write(call_, durability, operation);
  }

  static SqlOperation Inserting(std::int64_t value) {
    return [value](SqlConnection& connection) {
      return connection.Execute("INSERT INTO number VALUES (?)", {value}).status();
    };
  }

  std::int64_t Count() {
    std::int64_t count = -1;
    const Status status =
        database_->Read(call_, ReadScope::kStatement, [&](SqlConnection& connection) {
          return connection
              .Query("SELECT COUNT(*) FROM number", {},
                     [&](const SqlRow& row) { count = row.Int64(0); })
              .status();
        });
    EXPECT_TRUE(status.ok()) << status.ToString();
    return count;
  }

  TemporaryFolder folder_;
  const std::string path_;
  ManualClock clock_;
  const CallContext call_{"test"};
  std::unique_ptr<SqliteDatabase> database_;
};

/// Holds the writer until it is let go, so that a batch gathers behind it.
class HeldWriter {
 public:
  HeldWriter(SqliteDatabase& database, const CallContext& call)
      : holding_(std::async(std::launch::async, [&] {
          return database.Write(call, Durability::kProcess, [&](SqlConnection&) {
            held_.count_down();
            released_.wait();
            return Status();
          });
        })) {
    held_.wait();
  }
  void Release() {
    released_.count_down();
    EXPECT_TRUE(holding_.get().ok());
  }

 private:
  std::latch held_{1};
  std::latch released_{1};
  std::future<Status> holding_;
};

}  // namespace satchel
