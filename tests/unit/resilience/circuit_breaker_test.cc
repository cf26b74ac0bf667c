#include "resilience/circuit_breaker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "support/manual_clock.h"

namespace satchel {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

class CircuitBreakerTest : public testing::Test {
 protected:
  void Fail(int times) {
    for (int i = 0; i < times; ++i) breaker.Failed();
  }

  ManualClock clock;
  std::vector<BreakerState> changes;
  CircuitBreaker breaker{{.failures_max = 3, .open_for = 2s}, clock, [this](BreakerState state) {
                           changes.push_back(state);
                         }};
};

TEST_F(CircuitBreakerTest, OpensAfterSoManyFailuresInARow) {
  Fail(2);
  breaker.Succeeded();
  Fail(2);
  EXPECT_EQ(breaker.state(), BreakerState::kClosed);
  EXPECT_EQ(breaker.Refuses(), std::nullopt);
  Fail(1);
  EXPECT_EQ(breaker.state(), BreakerState::kOpen);
  EXPECT_THAT(changes, ElementsAre(BreakerState::kOpen));
}

TEST_F(CircuitBreakerTest, SaysWhenItIsWorthAskingAgain) {
  Fail(3);
  const auto at_first = breaker.Refuses();
  ASSERT_TRUE(at_first);
  EXPECT_EQ(*at_first, 2s);
  clock.Advance(1500ms);
  EXPECT_EQ(breaker.Refuses(), *at_first - 1500ms);
  clock.Advance(1h);
  EXPECT_GT(breaker.Refuses(), 0ms);
}

TEST_F(CircuitBreakerTest, LetsOneProbeGoWhenItsTimeIsOver) {
  EXPECT_FALSE(breaker.BeginProbe()) << "closed";
  Fail(3);
  clock.Advance(1999ms);
  EXPECT_FALSE(breaker.BeginProbe());
  clock.Advance(1ms);
  EXPECT_TRUE(breaker.BeginProbe());
  EXPECT_EQ(breaker.state(), BreakerState::kHalfOpen);
  EXPECT_FALSE(breaker.BeginProbe()) << "a second one";
  EXPECT_TRUE(breaker.Refuses()) << "callers are no probes";
}

TEST_F(CircuitBreakerTest, ClosesWithTheProbe) {
  Fail(3);
  clock.Advance(2s);
  ASSERT_TRUE(breaker.BeginProbe());
  breaker.EndProbe(true);
  EXPECT_EQ(breaker.Refuses(), std::nullopt);
  Fail(2);
  EXPECT_EQ(breaker.state(), BreakerState::kClosed) << "old failures are forgotten";
  EXPECT_THAT(changes,
              ElementsAre(BreakerState::kOpen, BreakerState::kHalfOpen, BreakerState::kClosed));
}

TEST_F(CircuitBreakerTest, AFailedProbeStartsTheTimeAnew) {
  Fail(3);
  clock.Advance(2s);
  ASSERT_TRUE(breaker.BeginProbe());
  clock.Advance(1s);
  breaker.EndProbe(false);
  EXPECT_EQ(breaker.state(), BreakerState::kOpen);
  clock.Advance(1999ms);
  EXPECT_FALSE(breaker.BeginProbe());
  clock.Advance(1ms);
  EXPECT_TRUE(breaker.BeginProbe());
}

TEST_F(CircuitBreakerTest, StragglersChangeNothing) {
  Fail(3);
  clock.Advance(1s);
  Fail(5);
  breaker.Succeeded();
  breaker.Trip();
  EXPECT_EQ(breaker.state(), BreakerState::kOpen);
  clock.Advance(1s);
  EXPECT_TRUE(breaker.BeginProbe()) << "the open time was not prolonged";
  breaker.Succeeded();
  EXPECT_EQ(breaker.state(), BreakerState::kHalfOpen);
}

TEST_F(CircuitBreakerTest, AnAnswerElsewhereClosesItWhateverTheProbeSaysLater) {
  breaker.Answered();
  EXPECT_THAT(changes, ElementsAre()) << "closed already";
  Fail(3);
  breaker.Answered();
  EXPECT_EQ(breaker.Refuses(), std::nullopt);
  Fail(3);
  clock.Advance(2s);
  ASSERT_TRUE(breaker.BeginProbe());
  breaker.Answered();
  breaker.EndProbe(false);
  EXPECT_EQ(breaker.state(), BreakerState::kClosed);
}

TEST_F(CircuitBreakerTest, TripsAtOnce) {
  breaker.Trip();
  EXPECT_EQ(breaker.state(), BreakerState::kOpen);
}

}  // namespace
}  // namespace satchel
