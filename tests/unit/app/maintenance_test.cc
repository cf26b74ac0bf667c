#include "app/maintenance.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace satchel {
namespace {

using namespace std::chrono_literals;

void UntilCancelled(const CallContext& call) {
  while (call.Check().ok()) std::this_thread::yield();
}

TEST(Maintenance, ATaskThatBlocksDelaysNoOther) {
  std::atomic<int> runs = 0;
  std::promise<void> third_run;
  const Maintenance maintenance(
      {{"sweep", 1h, UntilCancelled}, {"totals", 1ms, [&](const CallContext& call) {
                                         EXPECT_EQ(call.request_id(), "totals");
                                         if (++runs == 3) third_run.set_value();
                                       }}});
  EXPECT_EQ(third_run.get_future().wait_for(5s), std::future_status::ready);
}

TEST(Maintenance, EndsAllThatRuns) {
  std::promise<void> first_runs;
  std::promise<void> second_runs;
  const auto run = [](std::promise<void>& begun) {
    return [&begun](const CallContext& call) {
      begun.set_value();
      UntilCancelled(call);
    };
  };
  const Maintenance maintenance({{"a", 1h, run(first_runs)}, {"b", 1h, run(second_runs)}});
  first_runs.get_future().wait();
  second_runs.get_future().wait();
}

}  // namespace
}  // namespace satchel
