// Migrations: applied once and in order, kept in Prisma's book, refused when they do not fit.
#include "adapters/sql/migrator.h"

#include <gmock/gmock.h>

#include <cerrno>

#include "adapters/sql/sqlite_database.h"
#include "base/sha256.h"
#include "unit/sql/io_faults.h"
#include "unit/sql/sqlite_fixture.h"

namespace satchel {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string Sha256Of(std::string_view text) {
  Sha256 hash;
  hash.Update(std::as_bytes(std::span(text)));
  return hash.Finish().value();
}

constexpr Migration kFirst{"20260101000000_first", "CREATE TABLE a (x INTEGER);", "c1"};
constexpr Migration kSecond{"20260201000000_second",
                            "-- more\nALTER TABLE a ADD COLUMN y TEXT; CREATE TABLE b (x);\n",
                            "c2"};
constexpr Migration kBroken{"20260201000000_second", "CREATE TABLE b (x); CREATE TABLE b (x);",
                            "c3"};
constexpr Migration kThird{"20260301000000_third", "CREATE TABLE c (x);", "c4"};

class MigratorTest : public ::testing::Test {
 protected:
  MigratorTest() : path_(folder_.File("satchel.db")) {
    auto opened = SqliteDatabase::Open({path_, 2, &clock_});
    EXPECT_TRUE(opened.ok()) << opened.status().ToString();
    database_ = std::move(opened).value();
  }

  Migrator With(std::span<const Migration> migrations) { return {database_, migrations}; }

  std::vector<std::string> States(Migrator migrator) {
    std::vector<std::string> states;
    const auto reports = migrator.ReadStates(call_);
    EXPECT_TRUE(reports.ok()) << reports.status().ToString();
    for (const MigrationReport& report : *reports) {
      states.push_back(report.name.substr(15) + " " + std::string(NameOf(report.state)));
    }
    return states;
  }

  std::vector<std::string> Column(const std::string& sql) {
    std::vector<std::string> values;
    const Status status =
        database_->Read(call_, ReadScope::kStatement, [&](SqlConnection& connection) {
          return connection
              .Query(sql, {},
                     [&](const SqlRow& row) {
                       values.emplace_back(row.IsNull(0) ? "NULL" : row.Text(0));
                     })
              .status();
        });
    EXPECT_TRUE(status.ok()) << status.ToString();
    return values;
  }

  std::vector<std::string> Tables() {
    return Column("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name");
  }

  TemporaryFolder folder_;
  const std::string path_;
  ManualClock clock_;
  const CallContext call_{"test"};
  std::shared_ptr<SqlDatabase> database_;
};

TEST(EmbeddedMigrations, AreTheFilesAndTheirChecksums) {
  ASSERT_FALSE(SqliteMigrations().empty());
  for (const Migration& migration : SqliteMigrations()) {
    EXPECT_EQ(migration.checksum, Sha256Of(migration.sql)) << migration.name;
  }
}

TEST_F(MigratorTest, AppliesInOrderAndKeepsPrismasBook) {
  const Migration migrations[] = {kFirst, kSecond};
  EXPECT_THAT(States(With(migrations)), ElementsAre("first pending", "second pending"));
  EXPECT_THAT(Tables(), IsEmpty()) << "asking changes nothing";
  const auto applied = With(migrations).Deploy(call_);
  ASSERT_TRUE(applied.ok()) << applied.status().ToString();
  EXPECT_THAT(*applied, ElementsAre(kFirst.name, kSecond.name));
  EXPECT_THAT(Tables(), ElementsAre("_prisma_migrations", "a", "b"));
  EXPECT_THAT(States(With(migrations)), ElementsAre("first applied", "second applied"));
  EXPECT_TRUE(With(migrations).CheckCurrent(call_).ok());
  const std::string now = std::to_string(clock_.WallNow().time_since_epoch().count());
  const auto book = [&](const std::string& column) {
    return Column("SELECT " + column + " FROM _prisma_migrations ORDER BY migration_name");
  };
  EXPECT_THAT(book("checksum"), ElementsAre("c1", "c2"));
  EXPECT_THAT(book("migration_name"), ElementsAre(kFirst.name, kSecond.name));
  EXPECT_THAT(book("finished_at"), ElementsAre(now, now));
  EXPECT_THAT(book("started_at"), ElementsAre(now, now));
  EXPECT_THAT(book("logs"), ElementsAre("NULL", "NULL"));
  EXPECT_THAT(book("rolled_back_at"), ElementsAre("NULL", "NULL"));
  EXPECT_THAT(book("applied_steps_count"), ElementsAre("1", "1"));
  for (const std::string& id : book("id")) EXPECT_TRUE(IsUuid(id)) << id;
  EXPECT_THAT(*With(migrations).Deploy(call_), IsEmpty());
}

TEST_F(MigratorTest, AnOlderSchemaIsRefusedUntilItIsDeployed) {
  const Migration old[] = {kFirst};
  ASSERT_TRUE(With(old).Deploy(call_).ok());
  const Migration current[] = {kFirst, kSecond};
  const Status status = With(current).CheckCurrent(call_);
  EXPECT_TRUE(status.Is(Reason::kConfigurationInvalid)) << status.ToString();
  EXPECT_THAT(status.message(), HasSubstr(std::string(kSecond.name)));
  EXPECT_THAT(status.message(), HasSubstr("MIGRATE_ON_START"));
  ASSERT_TRUE(With(current).Deploy(call_).ok());
  EXPECT_TRUE(With(current).CheckCurrent(call_).ok());
}

TEST_F(MigratorTest, ASchemaFromTheFutureIsRefused) {
  const Migration newer[] = {kFirst, kSecond};
  ASSERT_TRUE(With(newer).Deploy(call_).ok());
  const Migration old[] = {kFirst};
  EXPECT_THAT(States(With(old)), ElementsAre("first applied", "second unknown"));
  for (const Status& status : {With(old).CheckCurrent(call_), With(old).Deploy(call_).status()}) {
    EXPECT_TRUE(status.Is(Reason::kConfigurationInvalid)) << status.ToString();
    EXPECT_THAT(status.message(), HasSubstr(std::string(kFirst.name)));
    EXPECT_THAT(status.message(), HasSubstr(std::string(kSecond.name)));
  }
}

TEST_F(MigratorTest, AChangedMigrationIsRefused) {
  const Migration original[] = {kFirst};
  ASSERT_TRUE(With(original).Deploy(call_).ok());
  Migration changed = kFirst;
  changed.checksum = "other";
  const Migration migrations[] = {changed, kSecond};
  EXPECT_THAT(States(With(migrations)), ElementsAre("first changed", "second pending"));
  EXPECT_TRUE(With(migrations).Deploy(call_).status().Is(Reason::kConfigurationInvalid));
  EXPECT_TRUE(With(migrations).CheckCurrent(call_).Is(Reason::kConfigurationInvalid));
  EXPECT_THAT(Tables(), ElementsAre("_prisma_migrations", "a"));
}

TEST_F(MigratorTest, AFailedMigrationLeavesNothingAndBlocksTheNext) {
  const Migration migrations[] = {kFirst, kBroken, kThird};
  const Status failed = With(migrations).Deploy(call_).status();
  EXPECT_TRUE(failed.Is(Reason::kConfigurationInvalid)) << failed.ToString();
  EXPECT_THAT(failed.message(), HasSubstr(std::string(kBroken.name)));
  EXPECT_THAT(failed.cause(), HasSubstr("already exists"));
  EXPECT_THAT(Tables(), ElementsAre("_prisma_migrations", "a"));
  EXPECT_THAT(States(With(migrations)),
              ElementsAre("first applied", "second failed", "third pending"));
  EXPECT_THAT(Column("SELECT logs FROM _prisma_migrations WHERE finished_at IS NULL"),
              ElementsAre(HasSubstr("already exists")));
  EXPECT_TRUE(With(migrations).Deploy(call_).status().Is(Reason::kConfigurationInvalid));
  EXPECT_TRUE(With(migrations).CheckCurrent(call_).Is(Reason::kConfigurationInvalid));
  EXPECT_THAT(Tables(), ElementsAre("_prisma_migrations", "a"));
}

TEST_F(MigratorTest, AFailedMigrationIsRolledBackAndAppliedAgain) {
  const Migration broken[] = {kFirst, kBroken, kThird};
  EXPECT_FALSE(With(broken).Deploy(call_).ok());
  const Migration repaired[] = {kFirst, kSecond, kThird};
  EXPECT_FALSE(With(repaired).Deploy(call_).ok()) << "not before it is settled";
  const std::string name(kBroken.name);
  ASSERT_TRUE(With(repaired).Resolve(call_, name, MigrationResolution::kRolledBack).ok());
  EXPECT_THAT(States(With(repaired)),
              ElementsAre("first applied", "second pending", "third pending"));
  EXPECT_THAT(*With(repaired).Deploy(call_), ElementsAre(kSecond.name, kThird.name));
  EXPECT_THAT(Column("SELECT COUNT(*) FROM _prisma_migrations"), ElementsAre("4"));
}

TEST_F(MigratorTest, WhatANewerProgramLeftFailedIsRolledBackWithoutIt) {
  const Migration newer[] = {kFirst, kBroken};
  EXPECT_FALSE(With(newer).Deploy(call_).ok());
  const Migration old[] = {kFirst};
  EXPECT_THAT(States(With(old)), ElementsAre("first applied", "second failed"));
  const Status blocked = With(old).CheckCurrent(call_);
  EXPECT_TRUE(blocked.Is(Reason::kConfigurationInvalid)) << blocked.ToString();
  EXPECT_THAT(blocked.message(), HasSubstr("satchel migrate resolve"));
  const std::string name(kBroken.name);
  EXPECT_TRUE(With(old)
                  .Resolve(call_, name, MigrationResolution::kApplied)
                  .Is(Reason::kConfigurationInvalid))
      << "what it would have done is not known";
  const Status settled = With(old).Resolve(call_, name, MigrationResolution::kRolledBack);
  ASSERT_TRUE(settled.ok()) << settled.ToString();
  EXPECT_THAT(States(With(old)), ElementsAre("first applied"));
  EXPECT_TRUE(With(old).CheckCurrent(call_).ok());
  EXPECT_TRUE(With(old)
                  .Resolve(call_, name, MigrationResolution::kRolledBack)
                  .Is(Reason::kConfigurationInvalid))
      << "once only";
}

TEST_F(MigratorTest, AFailedMigrationIsMarkedAsApplied) {
  const Migration broken[] = {kFirst, kBroken, kThird};
  EXPECT_FALSE(With(broken).Deploy(call_).ok());
  ASSERT_TRUE(
      With(broken).Resolve(call_, std::string(kBroken.name), MigrationResolution::kApplied).ok());
  EXPECT_THAT(*With(broken).Deploy(call_), ElementsAre(kThird.name));
  EXPECT_THAT(Tables(), ElementsAre("_prisma_migrations", "a", "c"));
  EXPECT_THAT(Column("SELECT applied_steps_count FROM _prisma_migrations WHERE checksum = 'c3' "
                     "AND rolled_back_at IS NULL"),
              ElementsAre("0"));
}

TEST_F(MigratorTest, OnlyWhatFitsCanBeResolved) {
  const Migration migrations[] = {kFirst};
  Migrator migrator = With(migrations);
  const std::string name(kFirst.name);
  EXPECT_TRUE(migrator.Resolve(call_, name, MigrationResolution::kRolledBack)
                  .Is(Reason::kConfigurationInvalid));
  EXPECT_TRUE(migrator.Resolve(call_, "nonsense", MigrationResolution::kApplied)
                  .Is(Reason::kConfigurationInvalid));
  ASSERT_TRUE(migrator.Resolve(call_, name, MigrationResolution::kApplied).ok());
  EXPECT_THAT(States(migrator), ElementsAre("first applied"));
  EXPECT_THAT(Tables(), ElementsAre("_prisma_migrations")) << "marked, not run";
  EXPECT_TRUE(migrator.Resolve(call_, name, MigrationResolution::kApplied)
                  .Is(Reason::kConfigurationInvalid));
  EXPECT_TRUE(migrator.Resolve(call_, name, MigrationResolution::kRolledBack)
                  .Is(Reason::kConfigurationInvalid));
}

TEST_F(MigratorTest, OfManyAtOnceOneAppliesEachMigration) {
  const Migration migrations[] = {kFirst, kSecond, kThird};
  std::atomic<std::size_t> applied{0};
  Race(8, [&](int) {
    const auto names = With(migrations).Deploy(call_);
    EXPECT_TRUE(names.ok()) << names.status().ToString();
    if (names.ok()) applied += names->size();
  });
  EXPECT_EQ(applied, 3U);
  EXPECT_THAT(Column("SELECT COUNT(*) FROM _prisma_migrations"), ElementsAre("3"));
}

TEST_F(MigratorTest, AFullDiskIsNoFailureOfTheMigration) {
  const Migration migrations[] = {kFirst};
  {
    const IoFault fault(IoFault::Call::kWrite, "-wal", ENOSPC);
    EXPECT_TRUE(With(migrations).Deploy(call_).status().Is(Reason::kDatabaseUnavailable));
  }
  EXPECT_THAT(States(With(migrations)), ElementsAre("first pending"));
  EXPECT_TRUE(With(migrations).Deploy(call_).ok());
}

TEST_F(MigratorTest, TheStoreOpensOnlyOnItsOwnSchema) {
  database_.reset();
  const SqliteDatabaseOptions database{path_, 2, &clock_};
  const Status old = OpenSqliteMetadataStore({database, false}).status();
  EXPECT_TRUE(old.Is(Reason::kConfigurationInvalid)) << old.ToString();
  ASSERT_TRUE(OpenSqliteMetadataStore({database, true}).ok());
  ASSERT_TRUE(OpenSqliteMetadataStore({database, false}).ok());
  {
    auto migrator = OpenSqliteMigrator(database);
    ASSERT_TRUE(migrator.ok());
    const auto reports = (*migrator)->ReadStates(call_);
    ASSERT_TRUE(reports.ok());
    for (const MigrationReport& report : *reports) {
      EXPECT_EQ(report.state, MigrationState::kApplied) << report.name;
    }
  }
  auto foreign = SqliteConnection::Open(path_, SqliteConnection::Role::kWriter);
  ASSERT_TRUE(foreign.ok());
  ASSERT_TRUE(std::move(foreign)
                  .value()
                  ->ExecuteScript("INSERT INTO _prisma_migrations (id, checksum, migration_name, "
                                  "finished_at) VALUES ('x', 'y', '29990101000000_future', 1)")
                  .ok());
  for (const bool migrate : {true, false}) {
    const Status future = OpenSqliteMetadataStore({database, migrate}).status();
    EXPECT_TRUE(future.Is(Reason::kConfigurationInvalid)) << future.ToString();
    EXPECT_THAT(future.message(), HasSubstr("29990101000000_future"));
  }
}

}  // namespace
}  // namespace satchel
