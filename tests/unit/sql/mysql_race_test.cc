// Two replicas, many threads, one quota, one name.

#include <atomic>
#include <thread>

#include "unit/sql/mysql_fixture.h"

namespace satchel {
namespace {

class MysqlRaceTest : public MysqlTest {
 protected:
  static constexpr int kThreads = 16;
  static constexpr int kRounds = 5;

  MysqlRaceTest()
      : first_(OpenDatabase(server_.options())), second_(OpenDatabase(server_.options())) {}

  SqlMetadataStore& Replica(int thread) { return thread % 2 == 0 ? first_ : second_; }

  template <typename Body>
  static void Race(Body body) {
    std::atomic<bool> start{false};
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        start.wait(false);
        body(i);
      });
    }
    start = true;
    start.notify_all();
    for (std::thread& thread : threads) thread.join();
  }

  SqlMetadataStore first_;
  SqlMetadataStore second_;
};

TEST_P(MysqlRaceTest, TheQuotaIsNeverPassedByOneByte) {
  constexpr std::int64_t kLimit = 1000;
  constexpr std::int64_t kSize = 77;
  constexpr int kFit = kLimit / kSize;
  for (int round = 0; round < kRounds; ++round) {
    const std::string user = "user" + std::to_string(round);
    std::atomic<int> winners{0};
    std::atomic<int> losers{0};
    std::atomic<bool> racing{true};
    std::atomic<std::int64_t> most{0};
    // What any other transaction could see at any moment.
    std::thread watcher([&] {
      while (racing) {
        const Usage usage = UsageOf(user);
        most = std::max(most.load(), usage.total_bytes + usage.reserved_bytes);
      }
    });
    Race([&](int thread) {
      ReserveRequest request = Request(user, std::to_string(thread) + ".txt", kSize);
      request.default_quota = kLimit;
      const Status status = Replica(thread).Reserve(call_, request).status();
      if (status.Is(Reason::kQuotaExceeded)) ++losers;
      if (!status.ok()) return;
      ++winners;
      const Status settled =
          thread % 3 == 0 ? Replica(thread + 1).Fail(call_, request.id, request.attempt)
                          : Replica(thread + 1).Complete(call_, CompletionOf(request)).status();
      EXPECT_TRUE(settled.ok()) << settled.ToString();
    });
    racing = false;
    watcher.join();
    EXPECT_EQ(winners + losers, kThreads) << "nobody got any other answer";
    EXPECT_GE(winners, kFit);
    EXPECT_LE(most, kLimit);
    EXPECT_LE(UsageOf(user).total_bytes, kLimit);
    EXPECT_EQ(UsageOf(user).reserved_bytes, 0);
  }
  EXPECT_TRUE(store_->FindUsageMismatches(call_).value().empty());
}

TEST_P(MysqlRaceTest, OneOfAllTakesAName) {
  for (int round = 0; round < kRounds; ++round) {
    std::atomic<int> winners{0};
    std::atomic<int> losers{0};
    const std::string name = std::to_string(round) + ".txt";
    Race([&](int thread) {
      const Status status = Replica(thread).Reserve(call_, Request("alice", name, 1)).status();
      if (status.ok()) ++winners;
      if (status.Is(Reason::kDocumentAlreadyExists)) ++losers;
      EXPECT_TRUE(status.ok() || status.Is(Reason::kDocumentAlreadyExists)) << status.ToString();
    });
    EXPECT_EQ(winners, 1);
    EXPECT_EQ(losers, kThreads - 1);
  }
  EXPECT_EQ(UsageOf("alice").reserved_bytes, kRounds);
}

TEST_P(MysqlRaceTest, ANameThatComesAndGoesIsNeverHeldTwice) {
  std::atomic<int> held{0};
  std::atomic<int> stored{0};
  Race([&](int thread) {
    for (int i = 0; i < kRounds; ++i) {
      const ReserveRequest request = Request("alice", "a.txt", 1);
      const Status status = Replica(thread).Reserve(call_, request).status();
      EXPECT_TRUE(status.ok() || status.Is(Reason::kDocumentAlreadyExists)) << status.ToString();
      if (!status.ok()) continue;
      EXPECT_EQ(++held, 1);
      ++stored;
      EXPECT_TRUE(Replica(thread).Complete(call_, CompletionOf(request)).ok());
      --held;
      EXPECT_TRUE(Replica(thread + 1).Delete(call_, request.user, request.id, {}, kQuota).value());
    }
  });
  EXPECT_GE(stored, 1);
  EXPECT_EQ(UsageOf("alice").file_count, 0);
  EXPECT_TRUE(store_->FindUsageMismatches(call_).value().empty());
}

SATCHEL_ON_EVERY_SERVER(MysqlRaceTest);

}  // namespace
}  // namespace satchel
