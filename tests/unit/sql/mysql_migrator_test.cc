// Migrations of databases that cannot undo them: MariaDB and TiDB.
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <thread>

#include "adapters/sql/document_rows.h"
#include "adapters/sql/migrator.h"
#include "adapters/sql/sql_metadata_store.h"
#include "base/identifiers.h"
#include "support/mysql_servers.h"
#include "unit/sql/generated/catalogue.h"

namespace satchel {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAreArray;

constexpr Migration kFirst{"20260101000000_first", "CREATE TABLE a (x INTEGER);", "c1"};
constexpr Migration kSecond{"20260201000000_second",
                            "-- more; of it\nALTER TABLE a ADD COLUMN y VARCHAR(9) DEFAULT ';';\n"
                            "CREATE TABLE b (x INTEGER) /*! COMMENT = 'a;b' */;\n",
                            "c2"};
constexpr Migration kBroken{"20260201000000_second",
                            "CREATE TABLE b (x INTEGER); CREATE TABLE b (x INTEGER);", "c3"};
constexpr Migration kThird{"20260301000000_third", "CREATE TABLE c (x INTEGER);", "c4"};
/// Stands still while another session holds the lock.
constexpr Migration kSlow{"20260401000000_slow",
                          "DO GET_LOCK('gate', 60); CREATE TABLE d (x INTEGER);", "c5"};

constexpr auto kPatience = 60s;
constexpr int kPollMs = 10;

class MysqlMigratorTest : public ::testing::TestWithParam<ServerKind> {
 protected:
  void SetUp() override {
    static std::atomic<int> number{0};
    options_ = SharedServer(GetParam()).options();
    const std::string name = "migrator_" + std::to_string(++number);
    RunSql(options_, "DROP DATABASE IF EXISTS " + name + "; CREATE DATABASE " + name);
    options_.database = name;
    database_ = OpenDatabase(options_);
  }

  Migrator With(std::span<const Migration> migrations) { return {database_, migrations}; }

  std::vector<std::string> States(Migrator migrator) {
    std::vector<std::string> states;
    const auto reports = migrator.ReadStates(call_);
    EXPECT_TRUE(reports.ok()) << reports.status().ToString();
    if (!reports.ok()) return states;
    for (const MigrationReport& report : *reports) {
      states.push_back(report.name.substr(15) + " " + std::string(NameOf(report.state)));
    }
    return states;
  }

  /// The rows of `sql`, the columns of each joined.
  std::vector<std::string> Rows(std::string_view sql, int columns = 1) {
    std::vector<std::string> found;
    const auto add = [&](const SqlRow& row) {
      std::string text;
      for (int i = 0; i < columns; ++i) {
        text.append(i == 0 ? "" : " ").append(row.IsNull(i) ? "NULL" : row.Text(i));
      }
      found.push_back(std::move(text));
    };
    const Status status =
        database_->Read(call_, ReadScope::kStatement, [&](SqlConnection& connection) {
          found.clear();
          return connection.Query(sql, {}, add).status();
        });
    EXPECT_TRUE(status.ok()) << status.ToString() << "\n" << sql;
    return found;
  }

  std::vector<std::string> Tables() {
    auto tables =
        Rows("SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()");
    std::sort(tables.begin(), tables.end());
    return tables;
  }

  /// A session of its own; nullptr, and the test fails, when the server does not answer.
  std::unique_ptr<MysqlConnection> Connect() {
    auto opened =
        MysqlConnection::Open({options_, {}}, MysqlWait::SteadyTime::clock::now() + 5s, nullptr);
    EXPECT_TRUE(std::holds_alternative<std::unique_ptr<MysqlConnection>>(opened));
    auto* connection = std::get_if<std::unique_ptr<MysqlConnection>>(&opened);
    return connection == nullptr ? nullptr : std::move(*connection);
  }

  /// TiDB takes a second to say no.
  bool LockIsFree() {
    return Rows("SELECT CAST(IS_FREE_LOCK('prisma_migrate') AS CHAR)")[0] == "1";
  }

  template <typename Condition>
  void WaitUntil(Condition condition, const char* what) {
    const auto give_up_at = std::chrono::steady_clock::now() + kPatience;
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), give_up_at) << what;
      ::poll(nullptr, 0, kPollMs);
    }
  }

  MysqlOptions options_;
  const CallContext call_{"test"};
  std::shared_ptr<SqlDatabase> database_;
};

INSTANTIATE_TEST_SUITE_P(Servers, MysqlMigratorTest,
                         ::testing::Values(ServerKind::kMariadb, ServerKind::kTidb),
                         [](const auto& server) { return NameOf(server.param); });

TEST_P(MysqlMigratorTest, AppliesInOrderAndKeepsPrismasBook) {
  const Migration migrations[] = {kFirst, kSecond};
  EXPECT_THAT(States(With(migrations)), ElementsAre("first pending", "second pending"));
  EXPECT_THAT(Tables(), IsEmpty()) << "asking changes nothing";
  const auto applied = With(migrations).Deploy(call_);
  ASSERT_TRUE(applied.ok()) << applied.status().ToString();
  EXPECT_THAT(*applied, ElementsAre(kFirst.name, kSecond.name));
  EXPECT_THAT(Tables(), ElementsAre("_prisma_migrations", "a", "b"));
  EXPECT_THAT(States(With(migrations)), ElementsAre("first applied", "second applied"));
  EXPECT_TRUE(With(migrations).CheckCurrent(call_).ok());
  EXPECT_THAT(
      Rows("SELECT migration_name, checksum, logs, rolled_back_at, "
           "CAST(applied_steps_count AS CHAR) FROM _prisma_migrations "
           "ORDER BY migration_name",
           5),
      ElementsAre("20260101000000_first c1 NULL NULL 1", "20260201000000_second c2 NULL NULL 1"));
  for (const std::string& id : Rows("SELECT id FROM _prisma_migrations")) {
    EXPECT_TRUE(IsUuid(id)) << id;
  }
  EXPECT_THAT(Rows("SELECT 1 FROM _prisma_migrations WHERE started_at <= finished_at AND "
                   "ABS(TIMESTAMPDIFF(SECOND, finished_at, UTC_TIMESTAMP(3))) < 60"),
              SizeIs(2))
      << "in UTC";
  EXPECT_THAT(*With(migrations).Deploy(call_), IsEmpty());
  EXPECT_TRUE(LockIsFree());
}

TEST_P(MysqlMigratorTest, TheBookIsTheOneThatPrismaMakes) {
  ASSERT_TRUE(With(std::span<const Migration>()).Deploy(call_).ok());
  EXPECT_THAT(
      Rows("SELECT column_name, REGEXP_REPLACE(column_type, '^int\\\\([0-9]+\\\\)', 'int'), "
           "is_nullable, LOWER(COALESCE(NULLIF(column_default, 'NULL'), '-')), column_key "
           "FROM information_schema.columns WHERE table_schema = DATABASE() "
           "AND table_name = '_prisma_migrations' "
           "ORDER BY ordinal_position",
           5),
      ElementsAre("id varchar(36) NO - PRI", "checksum varchar(64) NO - ",
                  "finished_at datetime(3) YES - ", "migration_name varchar(255) NO - ",
                  "logs text YES - ", "rolled_back_at datetime(3) YES - ",
                  "started_at datetime(3) NO current_timestamp(3) ",
                  "applied_steps_count int unsigned NO 0 "));
}

TEST_P(MysqlMigratorTest, ThisProgramsMigrationsMakePrismasSchema) {
  const auto applied = With(MysqlMigrations()).Deploy(call_);
  ASSERT_TRUE(applied.ok()) << applied.status().ToString();
  EXPECT_THAT(*applied, SizeIs(MysqlMigrations().size()));
  std::vector<std::string> columns;
  for (const ExpectedColumn& one : kExpectedColumns) {
    std::string text;
    text.append(one.table).append(" ").append(one.column).append(" ").append(one.mysql_type);
    text.append(one.nullable ? " YES " : " NO ");
    for (const char c : one.mysql_default.empty() ? std::string_view("-") : one.mysql_default) {
      if (c != '\'') text.push_back(c);
    }
    columns.push_back(std::move(text));
  }
  // MariaDB says bigint(20), quotes defaults and has the text NULL for none.
  EXPECT_THAT(Rows("SELECT table_name, column_name, "
                   "REGEXP_REPLACE(column_type, '^(int|bigint)\\\\([0-9]+\\\\)', '\\\\1'), "
                   "is_nullable, CASE WHEN column_default IS NULL OR column_default = 'NULL' "
                   "THEN '-' WHEN LOWER(column_default) LIKE 'current%' THEN LOWER(column_default) "
                   "ELSE REPLACE(column_default, '''', '') END "
                   "FROM information_schema.columns WHERE table_schema = DATABASE() "
                   "AND table_name <> '_prisma_migrations'",
                   5),
              UnorderedElementsAreArray(columns));
  std::vector<std::string> indexes;
  for (const ExpectedIndex& one : kExpectedIndexes) {
    std::string text;
    text.append(one.table).append(" ").append(one.name).append(" ").append(one.columns);
    indexes.push_back(text.append(one.unique ? " 0" : " 1"));
  }
  EXPECT_THAT(Rows("SELECT table_name, index_name, "
                   "GROUP_CONCAT(column_name ORDER BY seq_in_index SEPARATOR ', '), "
                   "CAST(MAX(non_unique) AS CHAR) FROM information_schema.statistics "
                   "WHERE table_schema = DATABASE() AND table_name <> '_prisma_migrations' "
                   "GROUP BY table_name, index_name",
                   4),
              UnorderedElementsAreArray(indexes));
}

TEST_P(MysqlMigratorTest, AllTextComparesByteForByte) {
  ASSERT_TRUE(With(MysqlMigrations()).Deploy(call_).ok());
  EXPECT_THAT(Rows("SELECT column_name FROM information_schema.columns "
                   "WHERE table_schema = DATABASE() AND table_name <> '_prisma_migrations' "
                   "AND collation_name NOT IN ('utf8mb4_0900_bin', 'utf8mb4_nopad_bin')"),
              IsEmpty());
  RunSql(options_,
         "INSERT INTO satchel_setting (name, value) VALUES "
         "('a', '1'), ('A', '2'), ('a ', '3'), ('ä', '4'), ('a\xCC\x88', '5')");
  EXPECT_THAT(Rows("SELECT value FROM satchel_setting WHERE name = 'a '"), ElementsAre("3"));
  EXPECT_THAT(Rows("SELECT value FROM satchel_setting WHERE name = 'ä'"), ElementsAre("4"));
}

TEST_P(MysqlMigratorTest, AFailedMigrationStaysHalfDoneAndBlocksTheNext) {
  const Migration migrations[] = {kFirst, kBroken, kThird};
  const Status failed = With(migrations).Deploy(call_).status();
  EXPECT_TRUE(failed.Is(Reason::kConfigurationInvalid)) << failed.ToString();
  EXPECT_THAT(failed.message(), HasSubstr(std::string(kBroken.name)));
  EXPECT_THAT(failed.cause(), HasSubstr("already exists"));
  EXPECT_THAT(Tables(), ElementsAre("_prisma_migrations", "a", "b"));
  EXPECT_THAT(States(With(migrations)),
              ElementsAre("first applied", "second failed", "third pending"));
  EXPECT_THAT(Rows("SELECT logs FROM _prisma_migrations WHERE finished_at IS NULL "
                   "AND applied_steps_count = 0"),
              ElementsAre(HasSubstr("statement 2 of 2: ")));
  EXPECT_TRUE(With(migrations).Deploy(call_).status().Is(Reason::kConfigurationInvalid));
  EXPECT_TRUE(With(migrations).CheckCurrent(call_).Is(Reason::kConfigurationInvalid));
  EXPECT_THAT(Tables(), ElementsAre("_prisma_migrations", "a", "b"));
  EXPECT_TRUE(LockIsFree());
}

TEST_P(MysqlMigratorTest, AFailedMigrationIsRolledBackAndAppliedAgain) {
  const Migration broken[] = {kFirst, kBroken, kThird};
  EXPECT_FALSE(With(broken).Deploy(call_).ok());
  RunSql(options_, "DROP TABLE b");
  const Migration repaired[] = {kFirst, kSecond, kThird};
  EXPECT_FALSE(With(repaired).Deploy(call_).ok()) << "not before it is settled";
  const std::string name(kBroken.name);
  ASSERT_TRUE(With(repaired).Resolve(call_, name, MigrationResolution::kRolledBack).ok());
  EXPECT_THAT(*With(repaired).Deploy(call_), ElementsAre(kSecond.name, kThird.name));
  EXPECT_THAT(Rows("SELECT CAST(COUNT(*) AS CHAR) FROM _prisma_migrations"), ElementsAre("4"));
}

TEST_P(MysqlMigratorTest, AFailedMigrationIsMarkedAsApplied) {
  const Migration broken[] = {kFirst, kBroken, kThird};
  EXPECT_FALSE(With(broken).Deploy(call_).ok());
  ASSERT_TRUE(
      With(broken).Resolve(call_, std::string(kBroken.name), MigrationResolution::kApplied).ok());
  EXPECT_THAT(*With(broken).Deploy(call_), ElementsAre(kThird.name));
  EXPECT_THAT(States(With(broken)),
              ElementsAre("first applied", "second applied", "third applied"));
}

TEST_P(MysqlMigratorTest, WhatANewerProgramLeftFailedIsRolledBackWithTheOldOne) {
  const Migration newer[] = {kFirst, kBroken};
  EXPECT_FALSE(With(newer).Deploy(call_).ok());
  const Migration old[] = {kFirst};
  EXPECT_THAT(States(With(old)), ElementsAre("first applied", "second failed"));
  const Status current = With(old).CheckCurrent(call_);
  EXPECT_TRUE(current.Is(Reason::kConfigurationInvalid)) << current.ToString();
  EXPECT_THAT(current.message(), HasSubstr("failed halfway"));
  const std::string name(kBroken.name);
  EXPECT_TRUE(With(old)
                  .Resolve(call_, name, MigrationResolution::kApplied)
                  .Is(Reason::kConfigurationInvalid))
      << "only with the program that has it";
  const Status settled = With(old).Resolve(call_, name, MigrationResolution::kRolledBack);
  EXPECT_TRUE(settled.ok()) << settled.ToString();
  EXPECT_THAT(States(With(old)), ElementsAre("first applied"));
  EXPECT_TRUE(With(old).CheckCurrent(call_).ok());
  EXPECT_TRUE(With(old)
                  .Resolve(call_, name, MigrationResolution::kRolledBack)
                  .Is(Reason::kConfigurationInvalid))
      << "once";
}

TEST_P(MysqlMigratorTest, AChangedOrNewerSchemaIsRefused) {
  const Migration newer[] = {kFirst, kSecond};
  ASSERT_TRUE(With(newer).Deploy(call_).ok());
  const Migration old[] = {kFirst};
  EXPECT_THAT(States(With(old)), ElementsAre("first applied", "second unknown"));
  const Migration changed[] = {kFirst, kBroken, kThird};
  EXPECT_THAT(States(With(changed)),
              ElementsAre("first applied", "second changed", "third pending"));
  for (const auto& migrations :
       {std::span<const Migration>(old), std::span<const Migration>(changed)}) {
    for (const Status& status :
         {With(migrations).CheckCurrent(call_), With(migrations).Deploy(call_).status()}) {
      EXPECT_TRUE(status.Is(Reason::kConfigurationInvalid)) << status.ToString();
      EXPECT_THAT(status.message(), HasSubstr(std::string(kSecond.name)));
    }
  }
}

TEST_P(MysqlMigratorTest, OfManyReplicasAtOnceOneAppliesEachMigration) {
  constexpr int kReplicas = 6;
  const Migration migrations[] = {kFirst, kSecond, kThird};
  std::atomic<std::size_t> applied{0};
  {
    std::vector<std::jthread> replicas;
    for (int i = 0; i < kReplicas; ++i) {
      replicas.emplace_back([&] {
        const auto names = Migrator(OpenDatabase(options_), migrations).Deploy(call_);
        EXPECT_TRUE(names.ok()) << names.status().ToString();
        if (names.ok()) applied += names->size();
      });
    }
  }
  EXPECT_EQ(applied, 3U);
  EXPECT_THAT(Rows("SELECT CAST(COUNT(*) AS CHAR) FROM _prisma_migrations"), ElementsAre("3"));
}

TEST_P(MysqlMigratorTest, AReplicaThatIsKilledLeavesTheLockAndWhatItBegan) {
  const Migration migrations[] = {kFirst, kSlow, kThird};
  const Migration first[] = {kFirst};
  ASSERT_TRUE(With(first).Deploy(call_).ok());
  std::unique_ptr<MysqlConnection> gate = Connect();
  ASSERT_TRUE(gate && gate->Query("SELECT GET_LOCK('gate', 0)", {}, [](const SqlRow&) {}).ok());
  const pid_t replica = ::fork();
  ASSERT_GE(replica, 0);
  if (replica == 0) {
    (void)Migrator(OpenDatabase(options_), migrations).Deploy(call_);
    ::_exit(0);
  }
  WaitUntil([&] { return Rows("SELECT 1 FROM _prisma_migrations").size() == 2; },
            "the migration has begun");
  EXPECT_FALSE(LockIsFree());
  ASSERT_EQ(::kill(replica, SIGKILL), 0);
  ASSERT_EQ(::waitpid(replica, nullptr, 0), replica);
  gate.reset();
  const Status next = With(migrations).Deploy(call_).status();
  EXPECT_TRUE(next.Is(Reason::kConfigurationInvalid)) << next.ToString();
  EXPECT_THAT(next.message(), HasSubstr("was interrupted"));
  EXPECT_THAT(States(With(migrations)),
              ElementsAre("first applied", "slow failed", "third pending"));
  const std::string name(kSlow.name);
  ASSERT_TRUE(With(migrations).Resolve(call_, name, MigrationResolution::kApplied).ok());
  EXPECT_THAT(*With(migrations).Deploy(call_), ElementsAre(kThird.name));
}

TEST_P(MysqlMigratorTest, WaitsForTheLockNoLongerThanItsCall) {
  std::atomic<bool> locked{false};
  std::atomic<bool> done{false};
  std::jthread holder([&] {
    const Status held = database_->Migrate(call_, [&](SqlConnection&) -> Status {
      locked = true;
      while (!done) ::poll(nullptr, 0, kPollMs);
      return {};
    });
    EXPECT_TRUE(held.ok()) << held.ToString();
  });
  WaitUntil([&] { return locked.load(); }, "the lock is held");
  const CallContext impatient("impatient", std::chrono::steady_clock::now() + 300ms);
  const Migration migrations[] = {kFirst};
  const Status status = With(migrations).Deploy(impatient).status();
  EXPECT_TRUE(status.Is(Reason::kDeadlineExceeded)) << status.ToString();
  EXPECT_THAT(Tables(), IsEmpty());
  done = true;
}

TEST_P(MysqlMigratorTest, TheRunningReleaseGoesOnWhenANewerSchemaIsDeployed) {
  std::vector<Migration> newer(MysqlMigrations().begin(), MysqlMigrations().end());
  ASSERT_TRUE(With(newer).Deploy(call_).ok());
  SqlMetadataStore running(database_);
  const auto reserve = [&](const std::string& filename) {
    return running.Reserve(call_, {.id = SecureIdGenerator().NewDocumentId(),
                                   .attempt = SecureIdGenerator().NewAttemptId(),
                                   .user = UserId("alice"),
                                   .category = "general",
                                   .filename = filename,
                                   .mime_type = "text/plain",
                                   .size = 7,
                                   .default_quota = 1000,
                                   .lease = 60s});
  };
  const Result<Document> before = reserve("before.txt");
  ASSERT_TRUE(before.ok());
  newer.push_back({"29990101000000_more",
                   "ALTER TABLE rag_document ADD COLUMN pages INTEGER NULL;"
                   "ALTER TABLE user_usage ADD COLUMN plan VARCHAR(9) NOT NULL DEFAULT 'free';"
                   "CREATE INDEX rag_document_pages_idx ON rag_document (pages);",
                   "c9"});
  ASSERT_TRUE(Migrator(OpenDatabase(options_), newer).Deploy(call_).ok());
  const Result<Document> after = reserve("after.txt");
  ASSERT_TRUE(after.ok());
  for (const Document& reserved : {*before, *after}) {
    const auto completed = running.Complete(call_, {.reserved = reserved,
                                                    .version = ObjectVersion("v"),
                                                    .sha256 = ContentHash(std::string(64, 'a'))});
    ASSERT_TRUE(completed.ok()) << completed.status().ToString();
  }
  ListQuery query;
  query.user = UserId("alice");
  query.page_size = 10;
  const auto page = running.List(call_, query);
  ASSERT_TRUE(page.ok()) << page.status().ToString();
  EXPECT_THAT(page->documents, SizeIs(2));
  EXPECT_TRUE(running.Delete(call_, UserId("alice"), before->id, 0s, 1000).ok());
  EXPECT_EQ(running.GetUsage(call_, UserId("alice"), 1000)->total_bytes, 7);
  EXPECT_TRUE(With(MysqlMigrations()).CheckCurrent(call_).Is(Reason::kConfigurationInvalid))
      << "to start now is another matter";
}

}  // namespace
}  // namespace satchel
