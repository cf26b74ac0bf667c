#include "adapters/sql/mysql_pulse.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <optional>

#include "adapters/sql/mysql_database.h"
#include "support/pass_time.h"

namespace satchel {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr std::chrono::seconds kAskedWithin = 5s;

/// A server that answers nobody who asks.
class Silence {
 public:
  std::optional<SqlError> Ask(MysqlPulse::SteadyTime deadline) {
    if (++asked_ == 1) first_asked_.set_value();
    PassTime(deadline - steady_clock::now());
    return SqlError{SqlFailure::kUnavailable, "silent"};
  }
  /// Whether somebody has asked.
  bool WaitUntilAsked() {
    return first_asked_.get_future().wait_for(kAskedWithin) == std::future_status::ready;
  }
  int asked() const { return asked_; }

 private:
  std::atomic<int> asked_ = 0;
  std::promise<void> first_asked_;
};

TEST(MysqlPulseTest, ASignOfLifeBesideAQuestionDelaysNobodyForLong) {
  Silence server;
  MysqlPulse pulse([&](MysqlPulse::SteadyTime deadline) { return server.Ask(deadline); });
  const auto since = steady_clock::now() - 1s;
  EXPECT_TRUE(pulse.MayAnswer(since));
  ASSERT_TRUE(server.WaitUntilAsked());
  const auto heard_at = steady_clock::now();
  pulse.Heard(heard_at);
  while (pulse.MayAnswer(since)) PassTime(10ms);
  EXPECT_LT(steady_clock::now() - heard_at, MysqlDatabase::kUnavailableTimeMax);
  EXPECT_EQ(server.asked(), 2);
}

TEST(MysqlPulseTest, WhatFailsAtOnceBesideASignOfLifeIsNoSilence) {
  std::atomic<int> asked = 0;
  MysqlPulse* heard = nullptr;
  std::promise<void> refused;
  MysqlPulse pulse([&](MysqlPulse::SteadyTime deadline) {
    if (++asked == 1) {
      PassTime(deadline - steady_clock::now());
      heard->Heard(steady_clock::now());
    } else if (asked == 2) {
      refused.set_value();
    }
    return SqlError{SqlFailure::kUnavailable, "refused"};
  });
  heard = &pulse;
  const auto since = steady_clock::now() - 1s;
  EXPECT_TRUE(pulse.MayAnswer(since));
  ASSERT_EQ(refused.get_future().wait_for(kAskedWithin), std::future_status::ready);
  const auto end = steady_clock::now() + 100ms;
  while (steady_clock::now() < end) {
    ASSERT_TRUE(pulse.MayAnswer(since)) << pulse.why().text;
    PassTime(5ms);
  }
}

TEST(MysqlPulseTest, HearsSinceWhenItLastHeard) {
  MysqlPulse pulse([](MysqlPulse::SteadyTime) { return std::nullopt; });
  const auto now = steady_clock::now();
  EXPECT_FALSE(pulse.HeardSince(now));
  pulse.Heard(now);
  EXPECT_TRUE(pulse.HeardSince(now));
  EXPECT_FALSE(pulse.HeardSince(now + 1ms));
}

}  // namespace
}  // namespace satchel
