#include "transport/grpc/admission.h"

#include <gtest/gtest.h>

#include <atomic>

namespace satchel {
namespace {

using namespace std::chrono_literals;

class FakeCall final : public WatchedCall {
 public:
  void CheckStall(std::chrono::steady_clock::time_point) override { ++checks, checks.notify_all(); }
  void Interrupt(const Status& status) override { interrupted_with = status.reason(); }

  std::atomic<int> checks{0};
  std::atomic<Reason> interrupted_with{Reason::kNone};
};

TEST(AdmissionTest, RefusesBeyondItsLimitUntilOneLeaves) {
  Admission admission(1);
  FakeCall first;
  FakeCall second;
  {
    const Result<Admission::Ticket> ticket = admission.Enter(first);
    ASSERT_TRUE(ticket.ok());
    const Result<Admission::Ticket> refused = admission.Enter(second);
    EXPECT_EQ(refused.status().reason(), Reason::kServerBusy);
    EXPECT_TRUE(refused.status().retry_after());
    EXPECT_EQ(admission.running(), 1);
  }
  EXPECT_EQ(admission.running(), 0);
  EXPECT_TRUE(admission.Enter(second).ok());
}

TEST(AdmissionTest, DrainRefusesNewCallsAndWaitsForRunningOnes) {
  Admission admission(10);
  FakeCall call;
  Result<Admission::Ticket> ticket = admission.Enter(call);
  ASSERT_TRUE(ticket.ok());
  admission.Drain();
  FakeCall late;
  EXPECT_EQ(admission.Enter(late).status().reason(), Reason::kShuttingDown);
  EXPECT_FALSE(admission.WaitUntilIdle(std::chrono::steady_clock::now() + 10ms));
  admission.InterruptAll();
  EXPECT_EQ(call.interrupted_with, Reason::kShuttingDown);
  { const Admission::Ticket leaving = *std::move(ticket); }
  EXPECT_TRUE(admission.WaitUntilIdle(std::chrono::steady_clock::now()));
}

TEST(AdmissionTest, WatchesRunningCallsOnly) {
  Admission admission(10);
  FakeCall call;
  {
    const Result<Admission::Ticket> ticket = admission.Enter(call);
    ASSERT_TRUE(ticket.ok());
    call.checks.wait(0);
  }
  EXPECT_GT(call.checks, 0);
}

}  // namespace
}  // namespace satchel
