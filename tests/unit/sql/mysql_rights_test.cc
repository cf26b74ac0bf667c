// An account that lacks a right, or a database that takes no writes: told by name, and no outage.

#include <gmock/gmock.h>

#include "base/text.h"
#include "resilience/unavailable.h"
#include "unit/sql/mysql_fixture.h"

namespace satchel {
namespace {

class MysqlRightsTest : public MysqlTest {
 protected:
  ~MysqlRightsTest() override { Run("DROP USER IF EXISTS app@'%'"); }

  void Run(const std::string& sql) const { RunSql(server_.options(), sql); }

  /// As a new user with `rights`.
  std::unique_ptr<MysqlDatabase> OpenAs(const std::string& rights) const {
    Run("DROP USER IF EXISTS app@'%'; CREATE USER app@'%'; GRANT " + rights + " TO app@'%'");
    MysqlOptions options = server_.options();
    options.user = "app";
    return OpenDatabase(options);
  }
  void ExpectDenied(const Status& status, const std::string& right) const {
    EXPECT_TRUE(status.Is(Reason::kConfigurationInvalid)) << status.ToString();
    // TiDB says "privilege check for 'Update' fail".
    EXPECT_THAT(ToLowerAscii(status.message()), testing::HasSubstr(ToLowerAscii(right)));
    EXPECT_NE(status.message().find("deploy/mysql/accounts.sql"), std::string::npos);
    EXPECT_FALSE(status.retry_after());
    EXPECT_FALSE(IsOutage(status));
    EXPECT_FALSE(IsAway(status));
  }
};

TEST_P(MysqlRightsTest, AMissingRightIsNamedAndNotTriedAgain) {
  const std::shared_ptr<MysqlDatabase> database = OpenAs("SELECT, UPDATE, DELETE ON satchel.*");
  EXPECT_TRUE(database->Check(call_).ok());
  ExpectDenied(database->CheckRights(call_), "INSERT");
  SqlMetadataStore store(database);
  ExpectDenied(store.Reserve(call_, Request("alice", "a.txt")).status(), "INSERT");
  EXPECT_TRUE(store.GetUsage(call_, UserId("alice"), kQuota).ok()) << "what it may do goes on";
  EXPECT_TRUE(store.Probe(call_).ok());
  int runs = 0;
  const Status denied =
      database->Write(call_, Durability::kPowerLoss, [&](SqlConnection& connection) {
        ++runs;
        return connection.Execute("INSERT INTO satchel_setting (name, value) VALUES ('a', 'b')")
            .status();
      });
  ExpectDenied(denied, "INSERT");
  EXPECT_EQ(runs, 1);
}

TEST_P(MysqlRightsTest, EachRightIsMissedAtTheStart) {
  const std::string all[] = {"INSERT", "UPDATE", "DELETE"};
  for (const std::string& missing : all) {
    std::string rights = "SELECT";
    for (const std::string& right : all) {
      if (right != missing) rights += ", " + right;
    }
    ExpectDenied(OpenAs(rights + " ON satchel.*")->CheckRights(call_), missing);
  }
  const Status enough = OpenAs("SELECT, INSERT, UPDATE, DELETE ON satchel.*")->CheckRights(call_);
  EXPECT_TRUE(enough.ok()) << enough.ToString();
  const Status none = OpenAs("SELECT ON mysql.*")->Check(call_);
  ExpectDenied(none, "satchel");
}

TEST_P(MysqlRightsTest, ADatabaseThatIsDroppedMeanwhileIsNamed) {
  ASSERT_TRUE(store_->Reserve(call_, Request("alice", "a.txt")).ok());
  Run("DROP DATABASE satchel; CREATE DATABASE satchel");
  const Status gone = store_->Reserve(call_, Request("alice", "b.txt")).status();
  EXPECT_TRUE(gone.Is(Reason::kInternal)) << gone.ToString();
  EXPECT_THAT(gone.ToString(), testing::HasSubstr("or the whole database, dropped"));
  EXPECT_FALSE(IsOutage(gone));
}

SATCHEL_ON_EVERY_SERVER(MysqlRightsTest);

/// What only one of the servers has.
class MariadbReadOnlyTest : public MysqlRightsTest {
 protected:
  ~MariadbReadOnlyTest() override { Run("SET GLOBAL read_only = 0"); }
};

TEST_P(MariadbReadOnlyTest, WhatIsReadOnlyIsNoOutageAndLacksNoRight) {
  const std::shared_ptr<MysqlDatabase> database = OpenAs("ALL ON satchel.*");
  Run("SET GLOBAL read_only = 1");
  SqlMetadataStore store(database);
  EXPECT_TRUE(store.GetUsage(call_, UserId("alice"), kQuota).ok());
  const Status reserved = store.Reserve(call_, Request("alice", "a.txt")).status();
  EXPECT_TRUE(reserved.Is(Reason::kDatabaseUnavailable)) << reserved.ToString();
  EXPECT_NE(reserved.message().find("read-only"), std::string::npos) << reserved.message();
  EXPECT_TRUE(reserved.retry_after());
  EXPECT_FALSE(IsOutage(reserved));
  EXPECT_TRUE(database->CheckRights(call_).ok());
}

INSTANTIATE_TEST_SUITE_P(Mysql, MariadbReadOnlyTest, testing::Values(ServerKind::kMariadb),
                         NameOfServer);

}  // namespace
}  // namespace satchel
