/// What a database that is away must do to nobody.
#pragma once

#include <atomic>
#include <latch>
#include <thread>
#include <vector>

#include "unit/sql/mysql_fixture.h"

namespace satchel {

class MysqlOutageTest : public MysqlTest {
 protected:
  static constexpr std::chrono::milliseconds kMost = MysqlDatabase::kUnavailableTimeMax;

  void ExpectUnavailableSoon() {
    const Stopwatch watch;
    const Status status = store_->Probe(call_);
    EXPECT_TRUE(status.Is(Reason::kDatabaseUnavailable)) << status.ToString();
    EXPECT_TRUE(status.retry_after().has_value());
    EXPECT_LT(watch.elapsed(), kMost);
  }
  void ExpectItWorks() {
    const Status status = store_->Probe(call_);
    EXPECT_TRUE(status.ok()) << status.ToString();
  }
  /// Tries until it works: it is back within the 5 s of the service, without a restart.
  void ExpectItRecovers() {
    const Stopwatch watch;
    Status status = store_->Probe(call_);
    while (!status.ok() && watch.elapsed() < std::chrono::seconds(5)) status = store_->Probe(call_);
    EXPECT_TRUE(status.ok()) << status.ToString();
  }
  /// All connections of the pool are open.
  void WarmUp(int connections) {
    std::latch all(connections);
    std::vector<std::thread> threads;
    for (int i = 0; i < connections; ++i) {
      threads.emplace_back([&] {
        const Status status =
            database_->Read(call_, ReadScope::kStatement, [&](SqlConnection& connection) {
              all.arrive_and_wait();
              return connection.Query("SELECT 1", {}, [](const SqlRow&) {}).status();
            });
        EXPECT_TRUE(status.ok()) << status.ToString();
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  /// None waits longer than a single one, and each gets its answer.
  void ExpectNoPileUp() {
    constexpr int kCallers = 200;
    std::atomic<int> unavailable{0};
    std::atomic<std::int64_t> longest{0};
    std::vector<std::thread> callers;
    const Stopwatch watch;
    for (int i = 0; i < kCallers; ++i) {
      callers.emplace_back([&] {
        const Stopwatch own;
        const Status status = store_->GetUsage(call_, UserId("alice"), kQuota).status();
        if (status.Is(Reason::kDatabaseUnavailable)) ++unavailable;
        std::int64_t most = longest;
        while (most < own.elapsed().count() &&
               !longest.compare_exchange_weak(most, own.elapsed().count())) {
        }
      });
    }
    for (std::thread& caller : callers) caller.join();
    EXPECT_EQ(unavailable, kCallers);
    EXPECT_LT(std::chrono::milliseconds(longest), kMost);
  }
};

}  // namespace satchel
