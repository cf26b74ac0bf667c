#include "transport/http/shared_probe.h"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <future>
#include <vector>

namespace satchel::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

boost::asio::awaitable<Status> BeginAndWait(SharedProbe& probe,
                                            boost::asio::any_io_executor strand) {
  probe.Begin(strand);
  Status outcome = co_await probe.Wait();
  co_return outcome;
}

class SharedProbeTest : public ::testing::Test {
 protected:
  /// Asks `count` times at once.
  std::vector<Status> Ask(SharedProbe& probe, int count) {
    std::vector<std::future<Status>> futures;
    for (int i = 0; i < count; ++i) {
      futures.push_back(boost::asio::co_spawn(io_, BeginAndWait(probe, io_.get_executor()),
                                              boost::asio::use_future));
    }
    io_.restart();
    io_.run_for(seconds(10));
    std::vector<Status> outcomes;
    for (auto& future : futures) outcomes.push_back(future.get());
    return outcomes;
  }

  boost::asio::io_context io_;
  boost::asio::thread_pool workers_{2};
};

TEST_F(SharedProbeTest, TellsWhatTheProbeSaid) {
  SharedProbe good(
      workers_.get_executor(), [](const CallContext&) { return Status(); }, seconds(5));
  EXPECT_TRUE(Ask(good, 1)[0].ok());
  SharedProbe bad(
      workers_.get_executor(),
      [](const CallContext&) { return Status(Reason::kDatabaseUnavailable, "down"); }, seconds(5));
  EXPECT_TRUE(Ask(bad, 1)[0].Is(Reason::kDatabaseUnavailable));
}

TEST_F(SharedProbeTest, ThoseWhoAskTogetherShareOneProbe) {
  std::atomic<int> runs{0};
  std::promise<void> gate;
  auto open = gate.get_future().share();
  SharedProbe probe(
      workers_.get_executor(),
      [&runs, open](const CallContext&) {
        ++runs;
        open.wait_for(seconds(10));
        return Status();
      },
      seconds(10));
  boost::asio::post(io_, [&] { boost::asio::post(io_, [&] { gate.set_value(); }); });
  for (const Status& outcome : Ask(probe, 20)) EXPECT_TRUE(outcome.ok());
  EXPECT_EQ(runs, 1);
  EXPECT_TRUE(Ask(probe, 1)[0].ok());
  EXPECT_EQ(runs, 2) << "an old outcome is not used again";
}

TEST_F(SharedProbeTest, AHungProbeIsReportedInTimeAndRunsOnlyOnce) {
  std::atomic<int> runs{0};
  std::promise<void> gate;
  auto open = gate.get_future().share();
  SharedProbe probe(
      workers_.get_executor(),
      [&runs, open](const CallContext&) {
        if (++runs == 1) open.wait();
        return Status();
      },
      milliseconds(50));
  EXPECT_TRUE(Ask(probe, 3)[0].Is(Reason::kDeadlineExceeded));
  EXPECT_TRUE(Ask(probe, 3)[2].Is(Reason::kDeadlineExceeded));
  EXPECT_EQ(runs, 1);
  gate.set_value();
  // Until the hung one has ended, whoever asks shares it; then the next one is a new one.
  Status outcome(Reason::kInternal, "never asked");
  for (int i = 0; i < 1000 && runs < 2; ++i) outcome = Ask(probe, 1)[0];
  EXPECT_TRUE(outcome.ok());
  EXPECT_EQ(runs, 2);
}

TEST_F(SharedProbeTest, TheProbeKnowsItsDeadline) {
  std::promise<CallContext::SteadyTime> deadline;
  SharedProbe probe(
      workers_.get_executor(),
      [&](const CallContext& call) {
        deadline.set_value(call.deadline());
        return Status();
      },
      seconds(5));
  const auto before = std::chrono::steady_clock::now();
  Ask(probe, 1);
  const auto given = deadline.get_future().get();
  EXPECT_GE(given, before + seconds(5));
  EXPECT_LE(given, std::chrono::steady_clock::now() + seconds(5));
}

}  // namespace
}  // namespace satchel::testing
