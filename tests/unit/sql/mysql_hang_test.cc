// A database that hangs: everybody is told in time, and nobody waits longer than the call may.

#include <functional>
#include <thread>
#include <vector>

#include "servers/slow_lookups.h"
#include "support/pass_time.h"
#include "unit/sql/mysql_outage_fixture.h"

namespace satchel {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

/// How much later than its deadline a call may end, on a busy machine. What ends a wait anyway, an
/// opening of 1200 ms and a silence of 1500 ms, comes later than any deadline here and this.
constexpr std::chrono::milliseconds kLateMax = 600ms;

class MysqlHangTest : public MysqlOutageTest {
 protected:
  void OpenWith(int connections) {
    MysqlOptions options = ThroughGate();
    options.connections_max = connections;
    Reopen(options);
  }
  void Reopen(const MysqlOptions& options) {
    store_.reset();
    database_ = OpenDatabase(options);
    store_ = std::make_unique<SqlMetadataStore>(database_);
  }
  /// So many calls at once end when their time is over.
  void ExpectDeadlinesToHold(int calls, std::chrono::milliseconds time) {
    std::vector<std::thread> threads;
    for (int i = 0; i < calls; ++i) {
      threads.emplace_back([&] {
        const Stopwatch watch;
        const CallContext late("late", steady_clock::now() + time);
        const Status status = store_->GetUsage(late, UserId("alice"), kQuota).status();
        EXPECT_TRUE(status.Is(Reason::kDeadlineExceeded)) << status.ToString();
        EXPECT_LT(watch.elapsed(), time + kLateMax);
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  /// While each connection is in use, by a call that the server takes long for.
  void ExpectNoPileUpBehindSlowCalls(const std::function<void()>& silence_the_server) {
    constexpr int kConnections = 2;
    OpenWith(kConnections);
    WarmUp(kConnections);
    std::vector<std::thread> slow;
    for (int i = 0; i < kConnections; ++i) {
      slow.emplace_back([&] {
        const Status status = Ask(call_, "SELECT SLEEP(20)");
        EXPECT_TRUE(status.Is(Reason::kDatabaseUnavailable)) << status.ToString();
      });
    }
    silence_the_server();
    const Stopwatch watch;
    ExpectNoPileUp();
    for (std::thread& thread : slow) thread.join();
    EXPECT_LT(watch.elapsed(), kMost);
  }
  void ExpectCancelledToEnd(std::chrono::milliseconds after) {
    CallContext call("cancelled");
    const Stopwatch watch;
    std::thread caller([&] {
      EXPECT_TRUE(store_->Probe(call).Is(Reason::kCancelled));
      EXPECT_LT(watch.elapsed(), after + kLateMax);
    });
    PassTime(after);
    call.Cancel();
    caller.join();
  }
};

TEST_P(MysqlHangTest, WhoWaitsForAConnectionOfASlowCallIsToldAsSoonAsAnybody) {
  ExpectNoPileUpBehindSlowCalls([&] {
    // The server has been asked some times by then, and does still answer.
    PassTime(2200ms);
    gate_.SetBlackhole(true);
  });
}

TEST_P(MysqlHangTest, AServerThatFallsSilentBehindItsLastSignOfLifeIsNoticedAsSoon) {
  // It greets whoever asks whether it is there, lets the user in, and that was all.
  ExpectNoPileUpBehindSlowCalls([&] {
    PassTime(200ms);  // the slow calls have been sent
    gate_.AwaitBlackholeAfter(2);
  });
}

TEST_P(MysqlHangTest, AConnectionThatIsCutAfterALongSilenceIsNotTriedAnew) {
  WarmUp(1);
  gate_.SetBlackhole(true);
  std::thread cutter([&] {
    PassTime(1200ms);
    gate_.ResetAll();
  });
  ExpectUnavailableSoon();
  cutter.join();
}

TEST_P(MysqlHangTest, ACallThatRepeatsIsToldAtOnceTheSecondTime) {
  WarmUp(4);
  gate_.SetBlackhole(true);
  ExpectUnavailableSoon();
  const Stopwatch watch;
  ExpectUnavailableSoon();
  PassTime(120ms);
  ExpectUnavailableSoon();
  EXPECT_LT(watch.elapsed(), 1200ms) << "as long as the first would have taken alone";
}

TEST_P(MysqlHangTest, ACommitThatIsNotAnsweredTellsWhoComesNext) {
  WarmUp(4);
  const Stopwatch watch;
  const Status written =
      database_->Write(call_, Durability::kPowerLoss, [&](SqlConnection& connection) -> Status {
        const auto asked = connection.Query("SELECT 1", {}, [](const SqlRow&) {});
        gate_.SetBlackhole(true);
        return asked.status();
      });
  EXPECT_TRUE(written.Is(Reason::kOutcomeUnknown)) << written.ToString();
  ExpectUnavailableSoon();
  EXPECT_LT(watch.elapsed(), kMost);
}

TEST_P(MysqlHangTest, DeadlinesHoldForAnswersAndForConnectionsThatAreLent) {
  OpenWith(2);
  WarmUp(2);
  gate_.SetBlackhole(true);
  ExpectDeadlinesToHold(8, 700ms);
}

TEST_P(MysqlHangTest, DeadlinesHoldForConnectionsThatAreOpened) {
  OpenWith(2);
  gate_.SetBlackhole(true);
  ExpectDeadlinesToHold(8, 400ms);
}

TEST_P(MysqlHangTest, ACancelledCallEndsWhileTheServerIsAsked) {
  WarmUp(1);
  gate_.SetBlackhole(true);
  ExpectCancelledToEnd(700ms);
}

TEST_P(MysqlHangTest, WhatIsUndoneInTheEndIsNotWaitedForWhenTheCallIsOver) {
  WarmUp(1);
  CallContext call("cancelled");
  std::optional<Stopwatch> watch;
  const Status read =
      database_->Read(call, ReadScope::kSnapshot, [&](SqlConnection& connection) -> Status {
        const auto asked = connection.Query("SELECT 1", {}, [](const SqlRow&) {});
        gate_.SetBlackhole(true);
        call.Cancel();
        watch.emplace();
        return asked.status();
      });
  EXPECT_TRUE(read.ok()) << read.ToString();
  EXPECT_LT(watch.value().elapsed(), 500ms) << "what undoing may take, kFarewellTimeMax";
}

TEST_P(MysqlHangTest, ASlowServerIsNotDownForThoseWhoWait) {
  OpenWith(1);
  std::thread slow([&] { EXPECT_TRUE(Ask(call_, "SELECT SLEEP(3.5)").ok()); });
  PassTime(100ms);
  std::vector<std::thread> waiting;
  for (int i = 0; i < 8; ++i) {
    waiting.emplace_back([&] { EXPECT_TRUE(Ask(call_, "SELECT 1").ok()); });
  }
  slow.join();
  for (std::thread& thread : waiting) thread.join();
  EXPECT_LE(gate_.connections(), 14) << "however many wait, one asks for all";
}

TEST_P(MysqlHangTest, ANameThatIsLookedUpForeverHoldsUpNobody) {
  MysqlOptions options = ThroughGate();
  options.host = kSlowName;
  Reopen(options);
  SlowLookups::Hold(true);
  ExpectCancelledToEnd(100ms);
  ExpectDeadlinesToHold(4, 200ms);
  ExpectUnavailableSoon();
  ExpectNoPileUp();
  SlowLookups::Hold(false);
  ExpectItRecovers();
}

TEST_P(MysqlHangTest, ANameThatIsLookedUpForeverIsNoOutageForOpenConnections) {
  MysqlOptions options = ThroughGate();
  options.host = kSlowName;
  options.connections_max = 2;
  Reopen(options);
  WarmUp(1);
  SlowLookups::Hold(true);
  const auto end = steady_clock::now() + 3s;
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      while (steady_clock::now() < end) {
        const Status status = Ask(call_, "SELECT SLEEP(0.02)");
        ASSERT_TRUE(status.ok()) << status.ToString();
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  SlowLookups::Hold(false);
}

SATCHEL_ON_EVERY_SERVER(MysqlHangTest);

}  // namespace
}  // namespace satchel
