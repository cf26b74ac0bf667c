#include "resilience/dependency_guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>
#include <vector>

#include "recording_dependency_observer.h"
#include "resilience/unavailable.h"
#include "support/recording_observers.h"

namespace satchel {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

/// A database that can be up, down (refuses connections), silent (never answers) or read-only.
class DependencyGuardTest : public testing::Test {
 protected:
  enum class Health : std::uint8_t { kUp, kDown, kSilent, kReadOnly };

  static DependencyGuardOptions Options() {
    DependencyGuardOptions options;
    options.dependency = Dependency::kDatabase;
    options.breaker = {.failures_max = 3, .open_for = 50ms};
    options.suspicious_after = 20ms;
    options.probe_time_max = 50ms;
    options.tick = 2ms;
    return options;
  }

  Status Answer(const CallContext& call) {
    if (health == Health::kDown) return Unavailable(Dependency::kDatabase, "connection refused");
    if (health == Health::kReadOnly) {
      return Unavailable(Dependency::kDatabase, "it takes no writes").WithRetryAfter(30s);
    }
    while (health == Health::kSilent) {
      if (Status ended = call.Check(); !ended.ok()) return ended;
      std::this_thread::yield();
    }
    return {};
  }
  Status Call() {
    return guard.stack().Run(CallContext("c"), CallLength::kShort,
                             [this](const CallContext& call) { return Answer(call); });
  }
  void WaitFor(BreakerState state) {
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (guard.breaker_state() != state && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();
    }
    ASSERT_EQ(guard.breaker_state(), state);
  }

  SystemClock clock;
  RecordingEventLog log;
  RecordingDependencyObserver observer;
  std::atomic<Health> health = Health::kUp;
  std::atomic<int> probes = 0;
  DependencyGuard guard{Options(),
                        [this](const CallContext& call) {
                          ++probes;
                          return Answer(call);
                        },
                        clock, log, observer};
};

TEST_F(DependencyGuardTest, TheLayersAreInThisOrder) {
  EXPECT_THAT(guard.stack().names(),
              ElementsAre("start-gate", "breaker", "metering", "time-limit"));
}

TEST_F(DependencyGuardTest, NothingPassesBeforeItIsOpened) {
  const Status early = Call();
  EXPECT_TRUE(early.Is(Reason::kDatabaseUnavailable));
  EXPECT_TRUE(early.retry_after());
  EXPECT_TRUE(observer.calls().empty());
  guard.Open();
  EXPECT_TRUE(Call().ok());
  EXPECT_EQ(observer.calls().size(), 1U);
}

TEST_F(DependencyGuardTest, RecoversWithoutACaller) {
  guard.Open();
  health = Health::kDown;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(Call().Is(Reason::kDatabaseUnavailable));
  const int asked = static_cast<int>(observer.calls().size());
  EXPECT_TRUE(Call().Is(Reason::kDatabaseUnavailable));
  EXPECT_EQ(static_cast<int>(observer.calls().size()), asked) << "open: not even asked";
  while (probes < 2) std::this_thread::yield();
  health = Health::kUp;
  WaitFor(BreakerState::kClosed);
  EXPECT_TRUE(Call().ok());
}

TEST_F(DependencyGuardTest, WhoeverOnlyRefusesHasAnswered) {
  guard.Open();
  health = Health::kDown;
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(Call().ok());
  EXPECT_NE(guard.breaker_state(), BreakerState::kClosed);
  health = Health::kReadOnly;
  WaitFor(BreakerState::kClosed);
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(Call().ok());
  EXPECT_EQ(guard.breaker_state(), BreakerState::kClosed) << "what it can do goes on";
}

TEST_F(DependencyGuardTest, AnOperatorIsToldWhyItWasNotReached) {
  guard.ExplainClosed(Status(Reason::kDatabaseUnavailable, "the database is not available")
                          .WithCause("MySQL 2002: Connection refused"));
  const Status early = Call();
  EXPECT_TRUE(early.Is(Reason::kDatabaseUnavailable)) << early.ToString();
  EXPECT_TRUE(early.retry_after());
  EXPECT_NE(early.message().find("the database is not available (MySQL 2002"), std::string::npos)
      << early.message();
}

TEST_F(DependencyGuardTest, CallsThatHangOpenItAndEndAll) {
  guard.Open();
  health = Health::kSilent;
  std::vector<std::future<Status>> callers;
  for (int i = 0; i < 20; ++i) {
    callers.push_back(std::async(std::launch::async, [this] { return Call(); }));
  }
  for (std::future<Status>& caller : callers) {
    ASSERT_EQ(caller.wait_for(10s), std::future_status::ready);
    const Status status = caller.get();
    EXPECT_TRUE(status.Is(Reason::kDatabaseUnavailable)) << status.ToString();
    EXPECT_TRUE(status.retry_after());
  }
  EXPECT_NE(guard.breaker_state(), BreakerState::kClosed);
  health = Health::kUp;
  WaitFor(BreakerState::kClosed);
}

TEST_F(DependencyGuardTest, ASlowCallAloneOpensNothing) {
  guard.Open();
  std::promise<void> release;
  std::shared_future<void> released = release.get_future().share();
  auto slow = std::async(std::launch::async, [&] {
    return guard.stack().Run(CallContext("c"), CallLength::kScan, [&](const CallContext&) {
      released.wait();
      return Status();
    });
  });
  while (probes < 3) std::this_thread::yield();
  EXPECT_EQ(guard.breaker_state(), BreakerState::kClosed);
  release.set_value();
  EXPECT_TRUE(slow.get().ok());
}

TEST_F(DependencyGuardTest, WhoIsToldThatItWorksCanUseIt) {
  guard.Open();
  health = Health::kDown;
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(Call().ok());
  EXPECT_FALSE(guard.Ask(CallContext("health")).ok());
  EXPECT_FALSE(Call().ok());
  health = Health::kUp;
  EXPECT_TRUE(guard.Ask(CallContext("health")).ok());
  EXPECT_TRUE(Call().ok());
}

TEST_F(DependencyGuardTest, AnIdleDependencyIsNotProbed) {
  guard.Open();
  EXPECT_TRUE(Call().ok());
  const CallContext wait("w", clock.SteadyNow() + 60ms);
  while (wait.Check().ok()) std::this_thread::yield();
  EXPECT_EQ(probes, 0);
}

TEST_F(DependencyGuardTest, ALongOutageIsLoggedOnce) {
  guard.Open();
  health = Health::kDown;
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(Call().ok());
  while (probes < 3) std::this_thread::yield();
  health = Health::kUp;
  WaitFor(BreakerState::kClosed);
  std::vector<std::string> messages;
  for (const RecordingEventLog::Event& event : log.events()) messages.push_back(event.message);
  EXPECT_THAT(messages, ElementsAre("circuit breaker opened", "circuit breaker closed"));
}

}  // namespace
}  // namespace satchel
