// One writer for all, and what happens when the file or the disk fails.
#include "adapters/sql/sqlite_database.h"

#include <gmock/gmock.h>

#include <cerrno>
#include <fstream>
#include <future>
#include <latch>
#include <stdexcept>

#include "unit/sql/io_faults.h"
#include "unit/sql/sqlite_database_fixture.h"

namespace satchel {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

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

TEST_F(SqliteDatabaseTest, WhatAFailedSyncLostIsNotTakenForWritten) {
  ASSERT_TRUE(Write(Inserting(1)).ok());
  EXPECT_EQ(Count(), 1) << "a reader is open, which knows the log's index";
  const auto durable = std::filesystem::file_size(path_ + "-wal");
  {
    const IoFault fault(IoFault::Call::kSync, "-wal", EIO);
    EXPECT_TRUE(Write(Inserting(2)).Is(Reason::kOutcomeUnknown));
  }
  {
    // The kernel drops the pages that it could not write.
    std::fstream log(path_ + "-wal", std::ios::in | std::ios::out | std::ios::binary);
    const auto lost = std::filesystem::file_size(path_ + "-wal") - durable;
    ASSERT_GT(lost, 0U);
    log.seekp(static_cast<std::streamoff>(durable));
    log << std::string(lost, '\0');
  }
  ASSERT_TRUE(Write(Inserting(3)).ok());
  EXPECT_EQ(Count(), 2);
  Open();
  EXPECT_EQ(Count(), 2);
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

}  // namespace
}  // namespace satchel
