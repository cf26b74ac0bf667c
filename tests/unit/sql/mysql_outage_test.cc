// A database that is down, silent, slow, busy or read-only; and one that comes back.

#include <latch>
#include <thread>
#include <vector>

#include "support/pass_time.h"
#include "unit/sql/mysql_outage_fixture.h"

namespace satchel {
namespace {

using namespace std::chrono_literals;

TEST_P(MysqlOutageTest, NothingIsConnectedBeforeItIsNeeded) {
  database_ = OpenDatabase(ThroughGate());
  EXPECT_EQ(gate_.connections(), 0);
  ExpectItWorks();
}

TEST_P(MysqlOutageTest, ARefusedConnectionIsAnsweredAtOnceAndFoundAgain) {
  gate_.SetRefuse(true);
  gate_.ResetAll();
  ExpectUnavailableSoon();
  ExpectNoPileUp();
  gate_.SetRefuse(false);
  ExpectItRecovers();
}

TEST_P(MysqlOutageTest, AServerThatTakesConnectionsAndSaysNothingPilesNobodyUp) {
  gate_.SetBlackhole(true);
  ExpectUnavailableSoon();
  ExpectNoPileUp();
  EXPECT_LT(gate_.connections(), 60) << "not every caller tries for itself";
  gate_.SetBlackhole(false);
  ExpectItRecovers();
}

TEST_P(MysqlOutageTest, AServerThatFallsSilentLaterPilesNobodyUp) {
  WarmUp(8);
  gate_.SetBlackhole(true);
  ExpectNoPileUp();
  ExpectUnavailableSoon();
  gate_.SetBlackhole(false);
  ExpectItRecovers();
}

TEST_P(MysqlOutageTest, AServerThatResetsIsAnsweredAtOnceAndFoundAgain) {
  WarmUp(4);
  gate_.SetReset(true);
  ExpectUnavailableSoon();
  ExpectNoPileUp();
  gate_.SetReset(false);
  ExpectItRecovers();
}

TEST_P(MysqlOutageTest, ConnectionsThatDiedMeanwhileCostNoCallItsAnswer) {
  for (int round = 0; round < 3; ++round) {
    WarmUp(8);
    gate_.ResetAll();
    for (int i = 0; i < 8; ++i) ExpectItWorks();
  }
}

TEST_P(MysqlOutageTest, AFrozenServerIsAnsweredSoonAndFoundAgain) {
  WarmUp(4);
  server_.process().Freeze();
  ExpectUnavailableSoon();
  ExpectNoPileUp();
  server_.process().Thaw();
  ExpectItRecovers();
}

TEST_P(MysqlOutageTest, ASlowQueryIsNoOutage) {
  const Stopwatch watch;
  const Status status = Ask(call_, "SELECT SLEEP(2.5)");
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_GE(watch.elapsed(), 2400ms);
}

TEST_P(MysqlOutageTest, ADeadlineInterruptsAQueryAndLeavesNoPoisonedConnection) {
  MysqlOptions options = ThroughGate();
  options.connections_max = 1;
  database_ = OpenDatabase(options);
  const Stopwatch watch;
  const CallContext late("late", std::chrono::steady_clock::now() + 300ms);
  const Status status = Ask(late, "SELECT SLEEP(20)");
  EXPECT_TRUE(status.Is(Reason::kDeadlineExceeded)) << status.ToString();
  EXPECT_LT(watch.elapsed(), 1500ms);
  std::int64_t answer = 0;
  const Status next = database_->Read(call_, ReadScope::kStatement, [&](SqlConnection& connection) {
    return connection
        .Query("SELECT ? + 1", {std::int64_t{41}},
               [&](const SqlRow& row) { answer = row.Int64(0); })
        .status();
  });
  EXPECT_TRUE(next.ok()) << next.ToString();
  EXPECT_EQ(answer, 42) << "not the answer to the question before";
}

TEST_P(MysqlOutageTest, ACancelledCallStopsWaiting) {
  CallContext call("cancelled");
  const Stopwatch watch;
  std::thread canceller([&] {
    // Cancelled while it waits: the server has had the query by then, or it never gets it.
    while (watch.elapsed() < 200ms) std::this_thread::yield();
    call.Cancel();
  });
  const Status status = Ask(call, "SELECT SLEEP(20)");
  canceller.join();
  EXPECT_TRUE(status.Is(Reason::kCancelled)) << status.ToString();
  EXPECT_LT(watch.elapsed(), 1500ms);
  ExpectItWorks();
}

// Wherever in the opening of a connection it is: greeting, password, or the session's settings.
TEST_P(MysqlOutageTest, ACallThatEndsWhileItConnectsFindsNoOutage) {
  constexpr std::chrono::microseconds kStep{50};
  constexpr int kSteps = 200;
  for (int step = 0; step < kSteps; ++step) {
    const auto database = OpenDatabase(server_.options());
    const auto ask = [&](const CallContext& call) {
      return database->Read(call, ReadScope::kStatement, [](SqlConnection& connection) {
        return connection.Query("SELECT 1", {}, [](const SqlRow&) {}).status();
      });
    };
    (void)ask(CallContext("short", std::chrono::steady_clock::now() + step * kStep));
    const Status next = ask(call_);
    ASSERT_TRUE(next.ok()) << "after " << step << " steps: " << next.ToString();
  }
}

TEST_P(MysqlOutageTest, AnInterruptedWriteDidNotHappen) {
  const CallContext late("late", std::chrono::steady_clock::now() + 400ms);
  const Status status =
      database_->Write(late, Durability::kPowerLoss, [](SqlConnection& connection) -> Status {
        auto inserted = connection.Execute(
            "INSERT INTO satchel_setting (name, value) VALUES ('interrupted', '1')");
        if (!inserted.ok()) return inserted.status();
        return connection.Query("SELECT SLEEP(20)", {}, [](const SqlRow&) {}).status();
      });
  EXPECT_TRUE(status.Is(Reason::kDeadlineExceeded)) << status.ToString();
  std::int64_t rows = -1;
  ASSERT_TRUE(database_
                  ->Read(call_, ReadScope::kStatement,
                         [&](SqlConnection& connection) {
                           return connection
                               .Query("SELECT COUNT(*) FROM satchel_setting WHERE name = ?",
                                      {std::string_view("interrupted")},
                                      [&](const SqlRow& row) { rows = row.Int64(0); })
                               .status();
                         })
                  .ok());
  EXPECT_EQ(rows, 0);
}

TEST_P(MysqlOutageTest, WhoFindsAllConnectionsInUseWaitsAsLongAsItsCallMay) {
  MysqlOptions options = ThroughGate();
  options.connections_max = 2;
  database_ = OpenDatabase(options);
  std::latch both_hold(3);
  std::latch let_go(1);
  std::vector<std::thread> holders;
  for (int i = 0; i < 2; ++i) {
    holders.emplace_back([&] {
      EXPECT_TRUE(database_
                      ->Read(call_, ReadScope::kStatement,
                             [&](SqlConnection&) {
                               both_hold.arrive_and_wait();
                               let_go.wait();
                               return Status();
                             })
                      .ok());
    });
  }
  both_hold.arrive_and_wait();
  const Stopwatch watch;
  const CallContext late("late", std::chrono::steady_clock::now() + 200ms);
  EXPECT_TRUE(Ask(late, "SELECT 1").Is(Reason::kDeadlineExceeded));
  EXPECT_LT(watch.elapsed(), 1s);
  CallContext gone("gone");
  std::thread waiter([&] { EXPECT_TRUE(Ask(gone, "SELECT 1").Is(Reason::kCancelled)); });
  std::thread patient([&] { EXPECT_TRUE(Ask(call_, "SELECT 1").ok()); });
  gone.Cancel();
  waiter.join();
  let_go.count_down();
  patient.join();
  for (std::thread& holder : holders) holder.join();
  EXPECT_EQ(gate_.connections(), 2) << "the pool is bounded";
}

TEST_P(MysqlOutageTest, WrongCredentialsAreTheOperatorsAndNameNoPassword) {
  for (const char* part : {"user", "password", "database"}) {
    MysqlOptions options = ThroughGate();
    if (part == std::string("user")) options.user = "nobody";
    if (part == std::string("password")) options.password = Secret("a wrong one");
    if (part == std::string("database")) options.database = "missing";
    const auto database = OpenDatabase(options);
    const Status at_start = database->Check(call_);
    EXPECT_TRUE(at_start.Is(Reason::kConfigurationInvalid)) << at_start.ToString();
    EXPECT_EQ(at_start.ToString().find("a wrong one"), std::string::npos);
    const Status at_call = SqlMetadataStore(OpenDatabase(options)).Probe(call_);
    EXPECT_TRUE(at_call.Is(Reason::kDatabaseUnavailable)) << at_call.ToString();
  }
  EXPECT_TRUE(database_->Check(call_).ok());
  gate_.SetRefuse(true);
  gate_.ResetAll();
  database_ = OpenDatabase(ThroughGate());
  EXPECT_TRUE(database_->Check(call_).Is(Reason::kDatabaseUnavailable)) << "could not ask";
}

SATCHEL_ON_EVERY_SERVER(MysqlOutageTest);

/// What only one of the servers has.
class MariadbOutageTest : public MysqlOutageTest {};

TEST_P(MariadbOutageTest, AReadOnlyDatabaseFailsTheProbeAndEveryWrite) {
  RunSql(server_.options(),
         "CREATE OR REPLACE USER app@'%'; GRANT ALL ON satchel.* TO app@'%'; "
         "SET GLOBAL read_only = 1");
  MysqlOptions options = ThroughGate();
  options.user = "app";
  SqlMetadataStore store(OpenDatabase(options));
  EXPECT_TRUE(store.Probe(call_).Is(Reason::kDatabaseUnavailable));
  const Status reserved = store.Reserve(call_, Request("alice", "a.txt")).status();
  EXPECT_TRUE(reserved.Is(Reason::kDatabaseUnavailable)) << reserved.ToString();
  EXPECT_TRUE(store.GetUsage(call_, UserId("alice"), kQuota).ok());
  RunSql(server_.options(), "SET GLOBAL read_only = 0; DROP USER app@'%'");
}

TEST_P(MariadbOutageTest, ATableWithoutTransactionsStopsTheStart) {
  RunSql(server_.options(), "ALTER TABLE user_usage ENGINE = MyISAM");
  const Status status = database_->Check(call_);
  EXPECT_TRUE(status.Is(Reason::kConfigurationInvalid)) << status.ToString();
  EXPECT_NE(status.message().find("user_usage"), std::string::npos);
  RunSql(server_.options(), "ALTER TABLE user_usage ENGINE = InnoDB");
  EXPECT_TRUE(database_->Check(call_).ok());
}

TEST_P(MariadbOutageTest, AnErrorWithoutANameIsTriedThreeTimesMoreAndIsNoOutage) {
  int runs = 0;
  const SqlOperation fail = [&](SqlConnection& connection) {
    ++runs;
    return connection.Execute("SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1105").status();
  };
  const Status written = database_->Write(call_, Durability::kPowerLoss, fail);
  EXPECT_TRUE(written.Is(Reason::kInternal)) << written.ToString();
  EXPECT_EQ(runs, 4);
  runs = 0;
  const Status read = database_->Read(call_, ReadScope::kSnapshot, fail);
  EXPECT_TRUE(read.Is(Reason::kInternal)) << read.ToString();
  EXPECT_EQ(runs, 4);
  runs = 0;
  const Status passed = database_->Read(call_, ReadScope::kStatement, [&](auto& connection) {
    return runs < 3 ? fail(connection) : Status();
  });
  EXPECT_TRUE(passed.ok()) << passed.ToString();
  ExpectItWorks();
}

TEST_P(MariadbOutageTest, ALockThatOthersTookEachTimeIsTriedAsOftenAsAnyLostRace) {
  int runs = 0;
  const auto lose = [&](SqlConnection& connection) {
    ++runs;
    return connection
        .Execute(
            "SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1105, "
            "MESSAGE_TEXT = 'pessimistic lock retry limit reached'")
        .status();
  };
  const Status won = database_->Write(call_, Durability::kPowerLoss, [&](auto& connection) {
    return runs < 15 ? lose(connection) : Status();
  });
  EXPECT_TRUE(won.ok()) << won.ToString();
  runs = 0;
  const Status lost = database_->Write(call_, Durability::kPowerLoss, lose);
  EXPECT_TRUE(lost.Is(Reason::kDatabaseUnavailable)) << lost.ToString();
  EXPECT_EQ(runs, 20);
}

TEST_P(MariadbOutageTest, WhoHasNoTimeLeftToTryAgainMetNoOutage) {
  for (const bool cancelled : {false, true}) {
    CallContext call("late", std::chrono::steady_clock::now() + 1s);
    const Status status =
        database_->Write(call, Durability::kPowerLoss, [&](SqlConnection& connection) {
          const auto lost = connection.Execute("SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213");
          if (cancelled) call.Cancel();
          while (call.Check().ok()) PassTime(5ms);
          return lost.status();
        });
    EXPECT_TRUE(status.Is(cancelled ? Reason::kCancelled : Reason::kDeadlineExceeded))
        << status.ToString();
  }
  ExpectItWorks();
}

INSTANTIATE_TEST_SUITE_P(Mysql, MariadbOutageTest, testing::Values(ServerKind::kMariadb),
                         NameOfServer);

}  // namespace
}  // namespace satchel
