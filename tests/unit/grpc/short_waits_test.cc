#include "transport/grpc/short_waits.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace satchel {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds kPatience = 10s;

class Waiter final : public ShortWaits::Waiter {
 public:
  explicit Waiter(std::function<void()> on_waited = [] {}) : on_waited_(std::move(on_waited)) {}
  void OnWaited() override {
    ++called;
    on_waited_();
    waited.set_value();
  }

  std::atomic<int> called = 0;
  std::promise<void> waited;

 private:
  const std::function<void()> on_waited_;
};

TEST(ShortWaitsTest, CallsOnceAndNotBeforeItsTime) {
  ShortWaits waits;
  for (int i = 0; i < 20; ++i) {
    const auto waiter = std::make_shared<Waiter>();
    const auto begin = std::chrono::steady_clock::now();
    waits.Begin(waiter);
    ASSERT_EQ(waiter->waited.get_future().wait_for(kPatience), std::future_status::ready);
    EXPECT_GE(std::chrono::steady_clock::now() - begin, ShortWaits::kLengthMin);
    EXPECT_EQ(waiter->called, 1);
  }
}

TEST(ShortWaitsTest, WhoIsGoneIsNotCalled) {
  std::atomic<bool> called = false;
  ShortWaits waits;
  auto gone = std::make_shared<Waiter>([&] { called = true; });
  const auto last = std::make_shared<Waiter>();
  const std::weak_ptr<Waiter> known = gone;
  gone.reset();
  waits.Begin(known);
  waits.Begin(last);
  ASSERT_EQ(last->waited.get_future().wait_for(kPatience), std::future_status::ready);
  EXPECT_FALSE(called);
}

TEST(ShortWaitsTest, WaitsMayBeginWhileOthersEnd) {
  ShortWaits waits;
  const auto second = std::make_shared<Waiter>();
  const auto first = std::make_shared<Waiter>([&] { waits.Begin(second); });
  waits.Begin(first);
  ASSERT_EQ(second->waited.get_future().wait_for(kPatience), std::future_status::ready);
  EXPECT_EQ(first->called, 1);
}

TEST(ShortWaitsTest, ServesManyThreads) {
  constexpr std::size_t kThreads = 4;
  constexpr std::size_t kWaits = 500;
  ShortWaits waits;
  std::vector<std::shared_ptr<Waiter>> all;
  for (std::size_t i = 0; i < kThreads * kWaits; ++i) all.push_back(std::make_shared<Waiter>());
  {
    std::vector<std::jthread> threads;
    for (std::size_t thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        for (std::size_t i = 0; i < kWaits; ++i) waits.Begin(all[thread * kWaits + i]);
      });
    }
  }
  for (const auto& waiter : all) {
    ASSERT_EQ(waiter->waited.get_future().wait_for(kPatience), std::future_status::ready);
  }
}

TEST(ShortWaitsTest, NobodyIsCalledAfterTheEnd) {
  constexpr int kTimes = 50;
  std::atomic<bool> ended = false;
  std::atomic<int> called_after = 0;
  for (int i = 0; i < kTimes; ++i) {
    ended = false;
    const auto waiter = std::make_shared<Waiter>([&] { called_after += ended ? 1 : 0; });
    {
      ShortWaits waits;
      waits.Begin(waiter);
    }
    ended = true;
    // As long as the wait above would have taken.
    ShortWaits others;
    const auto other = std::make_shared<Waiter>();
    others.Begin(other);
    ASSERT_EQ(other->waited.get_future().wait_for(kPatience), std::future_status::ready);
  }
  EXPECT_EQ(called_after, 0);
}

}  // namespace
}  // namespace satchel
