#include "resilience/call_layers.h"

#include <gtest/gtest.h>

#include "resilience/unavailable.h"
#include "support/manual_clock.h"

namespace satchel {
namespace {

using namespace std::chrono_literals;

class CallLayersTest : public testing::Test {
 protected:
  Status RunBreaker(const Status& answer, CallLength length = CallLength::kShort) {
    BreakerLayer layer(Dependency::kDatabase, breaker, clock);
    return layer.Run(CallContext("c"), length, [&](const CallContext&) {
      ++asked;
      clock.Advance(takes);
      return answer;
    });
  }

  ManualClock clock;
  CircuitBreaker breaker{{.failures_max = 2, .open_for = 2s}, clock, [](BreakerState) {}};
  CallsInFlight calls;
  int asked = 0;
  std::chrono::milliseconds takes{0};
};

TEST_F(CallLayersTest, AnOutageIsTheAbsenceOfAnAnswer) {
  EXPECT_TRUE(IsOutage(Unavailable(Dependency::kDatabase, "x")));
  EXPECT_TRUE(IsOutage(Unavailable(Dependency::kObjectStore, "x").WithRetryAfter(5s)));
  EXPECT_TRUE(IsOutage(Status(Reason::kOutcomeUnknown, "x")));
  EXPECT_FALSE(IsOutage(Unavailable(Dependency::kObjectStore, "full").WithRetryAfter(30s)));
  for (const Reason reason : {Reason::kNone, Reason::kCancelled, Reason::kDeadlineExceeded,
                              Reason::kInternal, Reason::kQuotaExceeded, Reason::kUploadAborted,
                              Reason::kConfigurationInvalid, Reason::kServerBusy}) {
    EXPECT_FALSE(IsOutage(reason == Reason::kNone ? Status() : Status(reason, "x")));
  }
}

TEST_F(CallLayersTest, TheBreakerRefusesWithoutAsking) {
  const Status down = Unavailable(Dependency::kDatabase, "down");
  EXPECT_EQ(RunBreaker(down).retry_after(), 1s);
  const Status last = RunBreaker(down);
  EXPECT_GE(last.retry_after(), 2s) << "it opened: that is when to come again";
  const Status refused = RunBreaker(Status());
  EXPECT_EQ(asked, 2);
  EXPECT_TRUE(refused.Is(Reason::kDatabaseUnavailable));
  EXPECT_GE(refused.retry_after(), 2s);
}

TEST_F(CallLayersTest, WhatTheDependencyAnswersIsNoFailureOfIt) {
  for (const Reason reason : {Reason::kQuotaExceeded, Reason::kDocumentAlreadyExists,
                              Reason::kInternal, Reason::kUploadAborted}) {
    EXPECT_TRUE(RunBreaker(Unavailable(Dependency::kDatabase, "down")).retry_after());
    EXPECT_TRUE(RunBreaker(Status(reason, "x")).Is(reason));
  }
  EXPECT_EQ(breaker.state(), BreakerState::kClosed);
}

TEST_F(CallLayersTest, ACallerThatLeavesSaysNothingAboutTheDependency) {
  EXPECT_FALSE(RunBreaker(Unavailable(Dependency::kDatabase, "down")).ok());
  EXPECT_FALSE(RunBreaker(Status(Reason::kCancelled, "x")).ok());
  EXPECT_FALSE(RunBreaker(Status(Reason::kDeadlineExceeded, "x")).ok());
  EXPECT_FALSE(RunBreaker(Status(Reason::kServerBusy, "no connection is free")).ok());
  EXPECT_EQ(breaker.state(), BreakerState::kClosed);
  EXPECT_FALSE(RunBreaker(Unavailable(Dependency::kDatabase, "down")).ok());
  EXPECT_EQ(breaker.state(), BreakerState::kOpen);
}

TEST_F(CallLayersTest, BytesThatABufferTookSayNothingAboutTheDependency) {
  EXPECT_FALSE(RunBreaker(Unavailable(Dependency::kObjectStore, "down")).ok());
  EXPECT_TRUE(RunBreaker(Status(), CallLength::kSending).ok());
  EXPECT_EQ(breaker.successes(), 0U);
  takes = 10ms;
  EXPECT_TRUE(RunBreaker(Status(), CallLength::kSending).ok());
  EXPECT_EQ(breaker.successes(), 1U) << "it waited until the other side took some";
  takes = 0ms;
  EXPECT_FALSE(RunBreaker(Unavailable(Dependency::kObjectStore, "down")).ok());
  EXPECT_FALSE(RunBreaker(Unavailable(Dependency::kObjectStore, "down"), CallLength::kSending).ok())
      << "that it does not take them is its failure";
  EXPECT_EQ(breaker.state(), BreakerState::kOpen);
}

TEST_F(CallLayersTest, AnUnknownOutcomeStaysUnknownAndCounts) {
  EXPECT_TRUE(RunBreaker(Status(Reason::kOutcomeUnknown, "x")).Is(Reason::kOutcomeUnknown));
  EXPECT_TRUE(RunBreaker(Status(Reason::kOutcomeUnknown, "x")).Is(Reason::kOutcomeUnknown));
  EXPECT_EQ(breaker.state(), BreakerState::kOpen);
}

TEST_F(CallLayersTest, ACallGetsItsOwnTimeWithinItsCallers) {
  const TimeLimits limits{.short_call = 10s, .transfer = 60s, .scan = 600s};
  TimeLimitLayer layer(Dependency::kObjectStore, limits, clock, calls);
  const auto deadline_of = [&](const CallContext& call, CallLength length) {
    CallContext::SteadyTime deadline;
    EXPECT_TRUE(layer
                    .Run(call, length,
                         [&](const CallContext& inner) {
                           deadline = inner.deadline();
                           EXPECT_EQ(inner.request_id(), call.request_id());
                           return Status();
                         })
                    .ok());
    return deadline;
  };
  const auto now = clock.SteadyNow();
  EXPECT_EQ(deadline_of(CallContext("c"), CallLength::kShort), now + 10s);
  EXPECT_EQ(deadline_of(CallContext("c"), CallLength::kTransfer), now + 60s);
  EXPECT_EQ(deadline_of(CallContext("c"), CallLength::kScan), now + 600s);
  EXPECT_EQ(deadline_of(CallContext("c", now + 3s), CallLength::kShort), now + 3s);
}

TEST_F(CallLayersTest, RunningOutOfItsOwnTimeIsAnOutage) {
  TimeLimitLayer layer(Dependency::kObjectStore, {}, clock, calls);
  const auto late = [](const CallContext&) { return Status(Reason::kDeadlineExceeded, "late"); };
  EXPECT_TRUE(
      layer.Run(CallContext("c"), CallLength::kShort, late).Is(Reason::kObjectStoreUnavailable));
  EXPECT_TRUE(calls.TakeTimeouts());
  EXPECT_FALSE(calls.TakeTimeouts());

  const CallContext impatient("c", std::chrono::steady_clock::now() + 1ms);
  const Status own = layer.Run(impatient, CallLength::kShort, [](const CallContext& inner) {
    while (inner.Check().ok()) std::this_thread::yield();
    return inner.Check();
  });
  EXPECT_TRUE(own.Is(Reason::kDeadlineExceeded)) << "the caller's own";
  EXPECT_TRUE(calls.TakeTimeouts()) << "but worth a look";
}

TEST_F(CallLayersTest, ACallThatIsEndedFromOutsideIsAnOutageAndTheCallersOwnEndIsNot) {
  TimeLimitLayer layer(Dependency::kDatabase, {}, clock, calls);
  const Status ended =
      layer.Run(CallContext("c"), CallLength::kShort, [&](const CallContext& inner) {
        calls.CancelAll();
        return inner.Check();
      });
  EXPECT_TRUE(ended.Is(Reason::kDatabaseUnavailable));

  CallContext caller("c");
  const Status cancelled = layer.Run(caller, CallLength::kShort, [&](const CallContext& inner) {
    caller.Cancel();
    return inner.Check();
  });
  EXPECT_TRUE(cancelled.Is(Reason::kCancelled));
  bool asked_for_nobody = false;
  EXPECT_TRUE(layer
                  .Run(caller, CallLength::kShort,
                       [&](const CallContext&) {
                         asked_for_nobody = true;
                         return Status();
                       })
                  .Is(Reason::kCancelled));
  EXPECT_FALSE(asked_for_nobody);
}

TEST_F(CallLayersTest, TheOldestCallInFlightIsKnown) {
  EXPECT_EQ(calls.OldestAge(clock.SteadyNow()), 0ms);
  CallContext first("1");
  CallContext second("2");
  {
    const CallsInFlight::Ticket one(calls, first, clock.SteadyNow());
    clock.Advance(3s);
    const CallsInFlight::Ticket two(calls, second, clock.SteadyNow());
    EXPECT_EQ(calls.OldestAge(clock.SteadyNow()), 3s);
  }
  EXPECT_EQ(calls.OldestAge(clock.SteadyNow()), 0ms);
}

}  // namespace
}  // namespace satchel
