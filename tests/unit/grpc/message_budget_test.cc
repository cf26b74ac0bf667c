#include "transport/grpc/message_budget.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace satchel {
namespace {

constexpr std::size_t kLimit = 100;

class CountingReader final : public MessageBudget::Reader {
 public:
  void OnRoom() override { ++called; }
  std::atomic<int> called = 0;
};

TEST(MessageBudgetTest, LetsReadWhileThereIsRoom) {
  MessageBudget budget(kLimit);
  const auto reader = std::make_shared<CountingReader>();
  EXPECT_TRUE(budget.MayRead(reader));
  budget.Hold(kLimit - 1);
  EXPECT_TRUE(budget.MayRead(reader));
  EXPECT_FALSE(budget.exhausted());
  EXPECT_EQ(reader->called, 0);
}

TEST(MessageBudgetTest, WhoWaitsIsServedInOrderAsRoomComes) {
  MessageBudget budget(kLimit);
  const auto first = std::make_shared<CountingReader>();
  const auto second = std::make_shared<CountingReader>();
  budget.Hold(kLimit + 50);
  EXPECT_TRUE(budget.exhausted());
  EXPECT_FALSE(budget.MayRead(first));
  EXPECT_FALSE(budget.MayRead(second));
  budget.Release(50);
  EXPECT_EQ(first->called, 0) << "still at the limit";
  budget.Release(1);
  EXPECT_EQ(first->called, 1);
  EXPECT_EQ(second->called, 1);
  EXPECT_TRUE(budget.MayRead(first));
}

TEST(MessageBudgetTest, WhoEndsIsNotKeptWaiting) {
  MessageBudget budget(kLimit);
  const auto ending = std::make_shared<CountingReader>();
  const auto other = std::make_shared<CountingReader>();
  budget.Hold(kLimit);
  EXPECT_FALSE(budget.MayRead(other));
  EXPECT_FALSE(budget.MayRead(ending));
  budget.Admit(*ending);
  EXPECT_EQ(ending->called, 1);
  EXPECT_EQ(other->called, 0);
  budget.Admit(*ending);
  EXPECT_EQ(ending->called, 1) << "it waits no more";
  budget.Release(kLimit);
  EXPECT_EQ(ending->called, 1);
  EXPECT_EQ(other->called, 1);
}

TEST(MessageBudgetTest, NobodyIsForgottenBetweenThreads) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 2000;
  MessageBudget budget(kLimit);
  std::atomic<int> waited = 0;
  std::atomic<int> called = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < kRounds; ++round) {
        const auto reader = std::make_shared<CountingReader>();
        budget.Hold(kLimit / 2);
        const bool now = budget.MayRead(reader);
        budget.Release(kLimit / 2);
        if (now) continue;
        ++waited;
        budget.Admit(*reader);
        // Called by this thread or by another one that has just let go, and only once.
        while (reader->called == 0) std::this_thread::yield();
        called += reader->called;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(called, waited);
  EXPECT_FALSE(budget.exhausted());
}

}  // namespace
}  // namespace satchel
