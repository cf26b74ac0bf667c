#include "adapters/sql/mysql_pulse.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <optional>

#include "adapters/sql/mysql_database.h"
#include "support/pass_time.h"

namespace satchel {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

/// A server that answers nobody who asks.
class Silence {
 public:
  std::optional<SqlError> Ask(MysqlPulse::SteadyTime deadline) {
    ++asked_;
    asked_.notify_all();
    PassTime(deadline - steady_clock::now());
    return SqlError{SqlFailure::kUnavailable, "silent"};
  }
  void WaitUntilAsked() { asked_.wait(0); }
  int asked() const { return asked_; }

 private:
  std::atomic<int> asked_ = 0;
};

TEST(MysqlPulseTest, ASignOfLifeBesideAQuestionDelaysNobodyForLong) {
  Silence server;
  MysqlPulse pulse([&](MysqlPulse::SteadyTime deadline) { return server.Ask(deadline); });
  const auto since = steady_clock::now() - 1s;
  EXPECT_TRUE(pulse.MayAnswer(since));
  server.WaitUntilAsked();
  const auto heard_at = steady_clock::now();
  pulse.Heard(heard_at);
  while (pulse.MayAnswer(since)) PassTime(10ms);
  EXPECT_LT(steady_clock::now() - heard_at, MysqlDatabase::kUnavailableTimeMax);
  EXPECT_EQ(server.asked(), 2);
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
