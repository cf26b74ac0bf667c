// One writer for all, and what happens when the file or the disk fails.
#include "adapters/sql/sqlite_database.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cerrno>
#include <fstream>
#include <future>
#include <latch>
#include <stdexcept>

#include "unit/sql/io_faults.h"
#include "unit/sql/sqlite_fixture.h"

namespace satchel {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

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

TEST_F(SqliteDatabaseTest, AFailingOperationIsUndoneAlone) {
  ASSERT_TRUE(Write(Inserting(-1)).ok());
  HeldWriter held(*database_, call_);
  std::vector<std::future<Status>> writes;
  for (std::int64_t i = 0; i < 30; ++i) {
    writes.push_back(std::async(std::launch::async, [&, i]() -> Status {
      return Write([&, i](SqlConnection& connection) -> Status {
        SATCHEL_RETURN_IF_ERROR(Inserting(i)(connection));
        if (i % 3 == 0) return Status(Reason::kQuotaExceeded, std::to_string(i));
        if (i % 3 == 1) return Inserting(-1)(connection);
        return {};
      });
    }));
  }
  held.Release();
  for (std::size_t i = 0; i < writes.size(); ++i) {
    const Status status = writes[i].get();
    if (i % 3 == 0) {
      EXPECT_TRUE(status.Is(Reason::kQuotaExceeded) && status.message() == std::to_string(i));
    } else {
      EXPECT_EQ(status.ok(), i % 3 == 2) << status.ToString();
    }
  }
  EXPECT_EQ(Count(), 11);
}

TEST_F(SqliteDatabaseTest, AnOperationThatThrowsIsUndoneAndAnswered) {
  const Status status = Write([](SqlConnection& connection) -> Status {
    SATCHEL_RETURN_IF_ERROR(Inserting(1)(connection));
    throw std::runtime_error("out of luck");
  });
  EXPECT_TRUE(status.Is(Reason::kInternal));
  EXPECT_EQ(status.cause(), "out of luck");
  EXPECT_EQ(Count(), 0);
  EXPECT_TRUE(Write(Inserting(1)).ok());
}

TEST_F(SqliteDatabaseTest, AWriterThatWaitsTooLongGivesUpUnwritten) {
  HeldWriter held(*database_, call_);
  const CallContext hurried("hurried", std::chrono::steady_clock::now() + milliseconds(30));
  const Status late = database_->Write(hurried, Durability::kProcess, Inserting(1));
  EXPECT_TRUE(late.Is(Reason::kDeadlineExceeded)) << late.ToString();
  CallContext cancelled("cancelled");
  auto write = std::async(std::launch::async, [&] {
    return database_->Write(cancelled, Durability::kProcess, Inserting(2));
  });
  cancelled.Cancel();
  held.Release();
  EXPECT_TRUE(write.get().Is(Reason::kCancelled));
  EXPECT_EQ(Count(), 0);
}

TEST_F(SqliteDatabaseTest, ReadersDoNotWaitForTheWriter) {
  ASSERT_TRUE(Write(Inserting(1)).ok());
  HeldWriter held(*database_, call_);
  EXPECT_EQ(Count(), 1);
  held.Release();
}

TEST_F(SqliteDatabaseTest, ReadersAreBoundedAndTheWaitForOneEnds) {
  Open(1);
  std::latch reading{1};
  std::latch done{1};
  auto reader = std::async(std::launch::async, [&] {
    return database_->Read(call_, ReadScope::kSnapshot, [&](SqlConnection&) {
      reading.count_down();
      done.wait();
      return Status();
    });
  });
  reading.wait();
  const CallContext hurried("hurried", std::chrono::steady_clock::now() + milliseconds(30));
  EXPECT_TRUE(
      database_->Read(hurried, ReadScope::kStatement, [](SqlConnection&) { return Status(); })
          .Is(Reason::kDeadlineExceeded));
  done.count_down();
  EXPECT_TRUE(reader.get().ok());
  EXPECT_EQ(Count(), 0);
}

TEST_F(SqliteDatabaseTest, ALongReadEndsWithItsCall) {
  const SqlOperation endless = [](SqlConnection& connection) {
    return connection
        .Query(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
            "SELECT COUNT(*) FROM n",
            {}, [](const SqlRow&) {})
        .status();
  };
  const CallContext hurried("hurried", std::chrono::steady_clock::now() + milliseconds(30));
  const Status late = database_->Read(hurried, ReadScope::kStatement, endless);
  EXPECT_TRUE(late.Is(Reason::kDeadlineExceeded)) << late.ToString();
  CallContext cancelled("cancelled");
  auto read = std::async(std::launch::async,
                         [&] { return database_->Read(cancelled, ReadScope::kSnapshot, endless); });
  cancelled.Cancel();
  EXPECT_TRUE(read.get().Is(Reason::kCancelled));
  EXPECT_EQ(Count(), 0) << "the connection is usable";
}

TEST_F(SqliteDatabaseTest, AReaderCannotWrite) {
  EXPECT_FALSE(database_->Read(call_, ReadScope::kStatement, Inserting(1)).ok());
  EXPECT_EQ(Count(), 0);
}

TEST_F(SqliteDatabaseTest, TheLogStaysBounded) {
  const auto log_bytes = [&] { return std::filesystem::file_size(path_ + "-wal"); };
  std::uintmax_t largest = 0;
  for (std::int64_t i = 0; i < 400; ++i) {
    const Status status = Write(
        [&](SqlConnection& connection) -> Status {
          // Some 100 pages a commit.
          auto made = connection.Execute("CREATE TABLE IF NOT EXISTS filler (bytes BLOB)");
          if (!made.ok()) return made.status();
          auto cleared = connection.Execute("DELETE FROM filler");
          if (!cleared.ok()) return cleared.status();
          return connection.Execute("INSERT INTO filler VALUES (zeroblob(400000))").status();
        },
        Durability::kProcess);
    ASSERT_TRUE(status.ok()) << status.ToString();
    largest = std::max(largest, log_bytes());
    EXPECT_EQ(Count(), 0);
  }
  EXPECT_LT(largest, 32U << 20);
}

TEST_F(SqliteDatabaseTest, AFailedSyncIsAnUnknownOutcomeAndIsNotBuiltUpon) {
  ASSERT_TRUE(Write(Inserting(1), Durability::kProcess).ok());
  {
    const IoFault fault(IoFault::Call::kSync, "-wal", EIO);
    const Status status = Write(Inserting(2));
    EXPECT_TRUE(status.Is(Reason::kOutcomeUnknown)) << status.ToString();
    EXPECT_EQ(fault.failures(), 1) << "the sync is not tried again";
  }
  ASSERT_TRUE(Write(Inserting(3)).ok());
  // What was in the log went to the file before anything new was written.
  EXPECT_EQ(Count(), 3);
}

TEST_F(SqliteDatabaseTest, AfterAFailedSyncNothingIsWrittenUntilTheFileIsSafe) {
  ASSERT_TRUE(Write(Inserting(1), Durability::kProcess).ok());
  const IoFault fault(IoFault::Call::kSync, "-wal", EIO);
  EXPECT_TRUE(Write(Inserting(2)).Is(Reason::kOutcomeUnknown));
  const Status refused = Write(Inserting(3), Durability::kProcess);
  EXPECT_TRUE(refused.Is(Reason::kDatabaseUnavailable)) << refused.ToString();
  EXPECT_NE(refused.retry_after(), std::nullopt);
}

TEST_F(SqliteDatabaseTest, AFullDiskIsKnownNotToHaveCommitted) {
  ASSERT_TRUE(Write(Inserting(1)).ok());
  {
    const IoFault fault(IoFault::Call::kWrite, "-wal", ENOSPC);
    const Status status = Write(Inserting(2));
    EXPECT_TRUE(status.Is(Reason::kDatabaseUnavailable)) << status.ToString();
    EXPECT_THAT(status.message(), HasSubstr("disk is full"));
    EXPECT_NE(status.retry_after(), std::nullopt);
    EXPECT_GE(fault.failures(), 1);
    EXPECT_EQ(Count(), 1) << "reading goes on";
  }
  EXPECT_TRUE(Write(Inserting(2)).ok());
  EXPECT_EQ(Count(), 2);
}

TEST_F(SqliteDatabaseTest, AnErrorInsideTheCommitIsAnUnknownOutcome) {
  ASSERT_TRUE(Write(Inserting(1)).ok());
  for (int spared = 0; spared < 3; ++spared) {
    const IoFault fault(IoFault::Call::kWrite, "-wal", EIO, spared);
    const Status status = Write(Inserting(100 + spared));
    if (fault.failures() == 0) {
      EXPECT_TRUE(status.ok());
    } else {
      EXPECT_TRUE(status.Is(Reason::kOutcomeUnknown)) << status.ToString();
    }
  }
  ASSERT_TRUE(Write(Inserting(2)).ok());
  Open();
  EXPECT_TRUE(Write(Inserting(3)).ok());
}

TEST_F(SqliteDatabaseTest, ASyncFailureOfTheFileLosesNothing) {
  std::int64_t written = 0;
  {
    const IoFault fault(IoFault::Call::kSync, "numbers.db", EIO);
    while (fault.failures() == 0) {
      const Status status = Write(
          [&](SqlConnection& connection) -> Status {
            for (int i = 0; i < 2000; ++i) {
              SATCHEL_RETURN_IF_ERROR(Inserting((written << 40) + i)(connection));
            }
            return {};
          },
          Durability::kProcess);
      ASSERT_TRUE(status.ok()) << status.ToString();
      ++written;
    }
    EXPECT_TRUE(Write(Inserting(-1)).Is(Reason::kDatabaseUnavailable));
  }
  EXPECT_TRUE(Write(Inserting(-2)).ok());
  Open();
  EXPECT_EQ(Count(), written * 2000 + 1);
}

TEST_F(SqliteDatabaseTest, ACopyTakenUnderLoadHoldsAllThatWasAcknowledged) {
  std::atomic<std::int64_t> acknowledged{0};
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (std::int64_t i = 1; !stop; ++i) {
      EXPECT_TRUE(Write(Inserting(i)).ok());
      acknowledged = i;
    }
  });
  for (int round = 0; round < 5; ++round) {
    const std::int64_t before = acknowledged;
    while (acknowledged < before + 20) std::this_thread::yield();
    const std::int64_t held = acknowledged;
    // Log first: between the two copies nothing moves to the file, the log is far from its limit.
    const std::string copy = folder_.File("copy" + std::to_string(round) + ".db");
    std::filesystem::copy_file(path_ + "-wal", copy + "-wal");
    std::filesystem::copy_file(path_, copy);
    auto opened = SqliteDatabase::Open({copy, 1, &clock_});
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    std::int64_t found = 0;
    std::int64_t last = 0;
    ASSERT_TRUE((*opened)
                    ->Read(call_, ReadScope::kStatement,
                           [&](SqlConnection& connection) {
                             return connection
                                 .Query("SELECT COUNT(*), MAX(value) FROM number", {},
                                        [&](const SqlRow& row) {
                                          found = row.Int64(0);
                                          last = row.Int64(1);
                                        })
                                 .status();
                           })
                    .ok());
    EXPECT_GE(last, held);
    EXPECT_EQ(found, last) << "a commit in the middle is missing";
  }
  stop = true;
  writer.join();
}

class SqliteFileTest : public ::testing::Test {
 protected:
  Status Open() { return SqliteDatabase::Open({path_, 1, &clock_}).status(); }

  TemporaryFolder folder_;
  const std::string path_ = folder_.File("satchel.db");
  ManualClock clock_;
};

TEST_F(SqliteFileTest, AFileThatIsNoDatabaseIsNamed) {
  std::ofstream(path_) << std::string(5000, 'x');
  const Status status = Open();
  EXPECT_TRUE(status.Is(Reason::kConfigurationInvalid)) << status.ToString();
  EXPECT_THAT(status.message(), HasSubstr(path_));
  EXPECT_THAT(status.message(), HasSubstr("damaged or is no SQLite database"));
}

TEST_F(SqliteFileTest, ADamagedFileIsNamed) {
  ASSERT_TRUE(OpenSqliteMetadataStore({{path_, 1, &clock_}, true}).ok());
  {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(8192);
    file << std::string(12000, '\x5A');
  }
  const Status status = Open();
  EXPECT_TRUE(status.Is(Reason::kConfigurationInvalid)) << status.ToString();
  EXPECT_THAT(status.message(), HasSubstr(path_));
}

TEST_F(SqliteFileTest, APathThatIsNoFileIsRefused) {
  for (const std::string& path : {std::string(), std::string(":memory:"),
                                  folder_.File("missing/satchel.db"), folder_.File("")}) {
    const Status status = SqliteDatabase::Open({path, 1, &clock_}).status();
    EXPECT_TRUE(status.Is(Reason::kConfigurationInvalid)) << path << ": " << status.ToString();
  }
}

TEST_F(SqliteFileTest, OnlyTheOwnerMayReadANewFile) {
  auto opened = SqliteDatabase::Open({path_, 1, &clock_});
  ASSERT_TRUE(opened.ok());
  for (const char* suffix : {"", "-wal", "-shm"}) {
    struct stat info {};
    ASSERT_EQ(::stat((path_ + suffix).c_str(), &info), 0) << suffix;
    EXPECT_EQ(info.st_mode & 0777, 0600U) << suffix;
  }
}

TEST_F(SqliteFileTest, ACleanCloseLeavesOneFile) {
  ASSERT_TRUE(OpenSqliteMetadataStore({{path_, 1, &clock_}, true}).ok());
  EXPECT_TRUE(std::filesystem::exists(path_));
  EXPECT_FALSE(std::filesystem::exists(path_ + "-wal"));
}

}  // namespace
}  // namespace satchel
