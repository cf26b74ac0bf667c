#include "transport/grpc/stream_gate.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/thread_pool.hpp>
#include <future>
#include <thread>

namespace satchel {
namespace {

using namespace std::chrono_literals;

class StreamGateTest : public ::testing::Test {
 protected:
  std::future<Result<bool>> StartWait() { return StartWait(gate_); }
  std::future<Result<bool>> StartWait(StreamGate& gate) {
    auto promise = std::make_shared<std::promise<Result<bool>>>();
    boost::asio::co_spawn(
        pool_,
        [promise, &gate]() -> boost::asio::awaitable<void> {
          promise->set_value(co_await gate.Wait());
        },
        boost::asio::detached);
    return promise->get_future();
  }
  void UntilWaiting() {
    while (!gate_.waiting_since()) std::this_thread::yield();
  }

  StreamGate gate_;
  boost::asio::thread_pool pool_{1};
};

TEST_F(StreamGateTest, ReturnsAtOnceWhatHasArrived) {
  gate_.Begin();
  gate_.Arrived(true);
  const Result<bool> result = StartWait().get();
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(*result);
}

TEST_F(StreamGateTest, ResumesWhenItArrives) {
  gate_.Begin();
  auto waiting = StartWait();
  UntilWaiting();
  gate_.Arrived(false);
  const Result<bool> result = waiting.get();
  ASSERT_TRUE(result.ok());
  EXPECT_FALSE(*result);
  EXPECT_FALSE(gate_.waiting_since());
}

TEST_F(StreamGateTest, AnInterruptionEndsThisWaitAndAllLaterOnes) {
  gate_.Begin();
  auto waiting = StartWait();
  UntilWaiting();
  EXPECT_TRUE(gate_.interruption().ok());
  gate_.Interrupt(Status(Reason::kDeadlineExceeded, "first"));
  gate_.Interrupt(Status(Reason::kShuttingDown, "second"));
  EXPECT_EQ(waiting.get().status().reason(), Reason::kDeadlineExceeded);
  gate_.Arrived(true);  // the operation ends late; nobody waits for it any more
  EXPECT_EQ(StartWait().get().status().reason(), Reason::kDeadlineExceeded);
  EXPECT_TRUE(gate_.interruption().Is(Reason::kDeadlineExceeded));
}

TEST_F(StreamGateTest, ArrivalAndInterruptionAtOnceResumeOnce) {
  for (int round = 0; round < 500; ++round) {
    StreamGate gate;
    gate.Begin();
    auto waiting = StartWait(gate);
    std::jthread arrives([&] { gate.Arrived(true); });
    std::jthread interrupts([&] { gate.Interrupt(Status(Reason::kShuttingDown, "end")); });
    const Result<bool> result = waiting.get();
    EXPECT_TRUE(result.ok() || result.status().Is(Reason::kShuttingDown));
  }
}

}  // namespace
}  // namespace satchel
