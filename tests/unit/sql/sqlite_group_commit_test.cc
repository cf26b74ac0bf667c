// Writes that share one commit, when that commit fails.
#include <cerrno>
#include <mutex>
#include <thread>

#include "unit/sql/io_faults.h"
#include "unit/sql/sqlite_database_fixture.h"

namespace satchel {
namespace {

constexpr int kWriters = 12;

class SqliteGroupCommitTest : public SqliteDatabaseTest {
 protected:
  /// The answers of as many writers, which wait behind one that is held.
  std::vector<Status> RunTogether(const SqlOperation& operation) {
    HeldWriter held(*database_, call_);
    std::vector<std::future<Status>> writes;
    std::latch started{kWriters};
    for (int i = 0; i < kWriters; ++i) {
      writes.push_back(std::async(std::launch::async, [&] {
        started.count_down();
        return Write(operation);
      }));
    }
    // Whoever comes later still shares another batch, which fails as well.
    started.wait();
    held.Release();
    std::vector<Status> answers;
    for (auto& write : writes) answers.push_back(write.get());
    return answers;
  }

  /// Stores one row; refuses when there is one.
  static Status InsertFirst(SqlConnection& connection) {
    std::int64_t count = 0;
    auto counted = connection.Query("SELECT COUNT(*) FROM number", {},
                                    [&](const SqlRow& row) { count = row.Int64(0); });
    if (!counted.ok()) return counted.status();
    if (count > 0) return Status(Reason::kDocumentAlreadyExists, "there is one");
    return Inserting(1)(connection);
  }
};

TEST_F(SqliteGroupCommitTest, NobodyIsRefusedBecauseOfARowThatWasNotCommitted) {
  {
    const IoFault fault(IoFault::Call::kWrite, "-wal", ENOSPC);
    for (const Status& answer : RunTogether(InsertFirst)) {
      EXPECT_TRUE(answer.Is(Reason::kDatabaseUnavailable)) << answer.ToString();
    }
    EXPECT_GE(fault.failures(), 1);
  }
  EXPECT_EQ(Count(), 0);
  int stored = 0;
  for (const Status& answer : RunTogether(InsertFirst)) {
    if (answer.ok()) ++stored;
    EXPECT_TRUE(answer.ok() || answer.Is(Reason::kDocumentAlreadyExists)) << answer.ToString();
  }
  EXPECT_EQ(stored, 1);
}

TEST_F(SqliteGroupCommitTest, ACommitWithoutAnAnswerIsUnknownToAll) {
  {
    const IoFault fault(IoFault::Call::kWrite, "-wal", EIO);
    int unknown = 0;
    for (const Status& answer : RunTogether(InsertFirst)) {
      if (answer.Is(Reason::kOutcomeUnknown)) ++unknown;
      EXPECT_TRUE(answer.Is(Reason::kOutcomeUnknown) || answer.Is(Reason::kDatabaseUnavailable))
          << answer.ToString();
    }
    EXPECT_GE(unknown, 1);
  }
  EXPECT_TRUE(Write(Inserting(2)).ok());
}

TEST_F(SqliteGroupCommitTest, OneFailedSyncIsToldToAllWhoWaitForIt) {
  std::atomic<std::int64_t> next{1};
  const SqlOperation insert = [&](SqlConnection& connection) {
    return Inserting(next++)(connection);
  };
  {
    const IoFault fault(IoFault::Call::kSync, "-wal", EIO);
    int unknown = 0;
    for (const Status& answer : RunTogether(insert)) {
      if (answer.Is(Reason::kOutcomeUnknown)) ++unknown;
      EXPECT_TRUE(answer.Is(Reason::kOutcomeUnknown) || answer.Is(Reason::kDatabaseUnavailable))
          << answer.ToString();
    }
    EXPECT_GE(unknown, 1);
  }
  for (const Status& answer : RunTogether(insert)) EXPECT_TRUE(answer.ok()) << answer.ToString();
  EXPECT_GE(Count(), kWriters);
}

TEST_F(SqliteGroupCommitTest, WhatWasAcknowledgedOutlivesALogThatFailsNowAndThen) {
  constexpr int kRounds = 30;
  std::atomic<bool> stop{false};
  std::atomic<std::int64_t> next{1};
  std::mutex mutex;
  std::vector<std::int64_t> acknowledged;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      while (!stop) {
        const std::int64_t value = next++;
        if (!Write(Inserting(value)).ok()) continue;
        const std::lock_guard lock(mutex);
        acknowledged.push_back(value);
      }
    });
    threads.emplace_back([&] {
      while (!stop) EXPECT_GE(Count(), 0);
    });
  }
  for (int round = 0; round < kRounds; ++round) {
    const auto call = round % 2 == 0 ? IoFault::Call::kSync : IoFault::Call::kWrite;
    const IoFault fault(call, "-wal", EIO, round);
    while (fault.failures() == 0) std::this_thread::yield();
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(Write(Inserting(0)).ok());
  Open();
  EXPECT_FALSE(acknowledged.empty());
  for (const std::int64_t value : acknowledged) {
    EXPECT_FALSE(Write(Inserting(value)).ok()) << value << " was acknowledged, and is gone";
  }
}

TEST_F(SqliteGroupCommitTest, AnAnswerThatNeedsNoCommitIsKept) {
  HeldWriter held(*database_, call_);
  CallContext cancelled("cancelled");
  auto write = std::async(std::launch::async, [&] {
    return database_->Write(cancelled, Durability::kProcess, Inserting(1));
  });
  cancelled.Cancel();
  const IoFault fault(IoFault::Call::kWrite, "-wal", ENOSPC);
  auto other = std::async(std::launch::async, [&] { return Write(Inserting(2)); });
  held.Release();
  EXPECT_TRUE(write.get().Is(Reason::kCancelled));
  EXPECT_TRUE(other.get().Is(Reason::kDatabaseUnavailable));
}

}  // namespace
}  // namespace satchel
