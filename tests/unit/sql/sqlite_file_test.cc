// The file as it is found at the start: missing, damaged, in use, restored in part.
#include <gmock/gmock.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <fstream>
#include <future>
#include <latch>

#include "adapters/sql/sqlite_database.h"
#include "unit/sql/sqlite_fixture.h"

namespace satchel {
namespace {

using ::testing::HasSubstr;

class SqliteFileTest : public ::testing::Test {
 protected:
  Status Open() { return SqliteDatabase::Open({path_, 1, &clock_}).status(); }

  TemporaryFolder folder_;
  const std::string path_ = folder_.File("satchel.db");
  ManualClock clock_;
};

TEST_F(SqliteFileTest, AFileThatIsNoDatabaseIsNamed) {
  std::ofstream(path_) << std::string(5000, 'x');
  const Status status = Open();
  EXPECT_TRUE(status.Is(Reason::kConfigurationInvalid)) << status.ToString();
  EXPECT_THAT(status.message(), HasSubstr(path_));
  EXPECT_THAT(status.message(), HasSubstr("damaged or is no SQLite database"));
}

TEST_F(SqliteFileTest, ADamagedFileIsNamed) {
  ASSERT_TRUE(OpenSqliteMetadataStore({{path_, 1, &clock_}, true}).ok());
  {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(8192);
    file << std::string(12000, '\x5A');
  }
  const Status status = Open();
  EXPECT_TRUE(status.Is(Reason::kConfigurationInvalid)) << status.ToString();
  EXPECT_THAT(status.message(), HasSubstr(path_));
}

TEST_F(SqliteFileTest, APathThatIsNoFileIsRefused) {
  for (const std::string& path : {std::string(), std::string(":memory:"),
                                  folder_.File("missing/satchel.db"), folder_.File("")}) {
    const Status status = SqliteDatabase::Open({path, 1, &clock_}).status();
    EXPECT_TRUE(status.Is(Reason::kConfigurationInvalid)) << path << ": " << status.ToString();
  }
}

TEST_F(SqliteFileTest, OnlyTheOwnerMayReadANewFile) {
  auto opened = SqliteDatabase::Open({path_, 1, &clock_});
  ASSERT_TRUE(opened.ok());
  for (const char* suffix : {"", "-wal", "-shm"}) {
    struct stat info {};
    ASSERT_EQ(::stat((path_ + suffix).c_str(), &info), 0) << suffix;
    EXPECT_EQ(info.st_mode & 0777, 0600U) << suffix;
  }
}

TEST_F(SqliteFileTest, ACleanCloseLeavesOneFile) {
  ASSERT_TRUE(OpenSqliteMetadataStore({{path_, 1, &clock_}, true}).ok());
  EXPECT_TRUE(std::filesystem::exists(path_));
  EXPECT_FALSE(std::filesystem::exists(path_ + "-wal"));
}

class SqliteLogTest : public SqliteFileTest {
 protected:
  static constexpr const char* kMade = "CREATE TABLE number (value INTEGER PRIMARY KEY)";

  /// Leaves a file and its log as kill -9 does, the row in the log only.
  void WriteAndDie() {
    const std::string live = folder_.File("live.db");
    // Many pages that the log will not have.
    MakeFiller(live,
               "CREATE TABLE filler (bytes BLOB); INSERT INTO filler VALUES (zeroblob(90000))");
    auto opened = SqliteDatabase::Open({live, 1, &clock_});
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    for (const char* sql : {kMade, "INSERT INTO number VALUES (1)"}) {
      ASSERT_TRUE(
          (*opened)
              ->Write(call_, Durability::kPowerLoss,
                      [&](SqlConnection& connection) { return connection.Execute(sql).status(); })
              .ok());
    }
    for (const char* suffix : {"", "-wal"})
      std::filesystem::copy_file(live + suffix, path_ + suffix);
    ASSERT_GT(std::filesystem::file_size(path_ + "-wal"), 0U);
  }
  static void MakeFiller(const std::string& path, std::string_view script) {
    auto made = SqliteConnection::Open(path, SqliteConnection::Role::kWriter);
    ASSERT_TRUE(made.ok() && (*made)->ExecuteScript(script).ok());
  }
  std::string LogBytes() const { return ReadAll(path_ + "-wal"); }
  static std::string ReadAll(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::int64_t Count() {
    std::int64_t count = -1;
    auto opened = SqliteDatabase::Open({path_, 1, &clock_});
    EXPECT_TRUE(opened.ok()) << opened.status().ToString();
    if (!opened.ok()) return count;
    EXPECT_TRUE((*opened)
                    ->Read(call_, ReadScope::kStatement,
                           [&](SqlConnection& connection) {
                             return connection
                                 .Query("SELECT COUNT(*) FROM number", {},
                                        [&](const SqlRow& row) { count = row.Int64(0); })
                                 .status();
                           })
                    .ok());
    return count;
  }

  const CallContext call_{"test"};
};

TEST_F(SqliteLogTest, ALogWithoutItsFileIsKept) {
  for (const bool empty : {false, true}) {
    WriteAndDie();
    const std::string log = LogBytes();
    const std::string away = folder_.File("away.db");
    std::filesystem::rename(path_, away);
    if (empty) std::ofstream(path_).flush();
    const Status status = Open();
    EXPECT_TRUE(status.Is(Reason::kConfigurationInvalid)) << status.ToString();
    EXPECT_THAT(status.message(), HasSubstr(path_ + "-wal"));
    EXPECT_EQ(LogBytes(), log);
    std::filesystem::rename(away, path_);
    EXPECT_EQ(Count(), 1) << "once the file is back nothing is lost";
    for (const char* name : {"satchel.db", "live.db"}) std::filesystem::remove(folder_.File(name));
  }
}

TEST_F(SqliteLogTest, AnEmptyLogAloneIsNone) {
  std::ofstream(path_ + "-wal").flush();
  EXPECT_TRUE(Open().ok());
}

TEST_F(SqliteLogTest, AFileThatDoesNotFitItsLogIsLeftAsItIs) {
  // A backup of another time.
  const std::string backup = folder_.File("backup.db");
  MakeFiller(backup,
             "CREATE TABLE filler (bytes BLOB); CREATE TABLE other (value INTEGER);"
             "INSERT INTO other VALUES (1); INSERT INTO filler VALUES (zeroblob(9000));");
  WriteAndDie();
  std::filesystem::remove(path_);
  std::filesystem::rename(backup, path_);
  const std::string file = ReadAll(path_);
  const std::string log = LogBytes();
  const Status status = Open();
  EXPECT_TRUE(status.Is(Reason::kConfigurationInvalid)) << status.ToString();
  EXPECT_THAT(status.message(), HasSubstr(path_ + "-wal"));
  EXPECT_TRUE(ReadAll(path_) == file) << "the backup was changed";
  EXPECT_TRUE(LogBytes() == log);
}

TEST_F(SqliteFileTest, AMissingFileIsNotMadeForOneWhoOnlyAsks) {
  const auto open = [&] {
    return SqliteDatabase::Open({.path = path_, .clock = &clock_, .create = false}).status();
  };
  const Status status = open();
  EXPECT_TRUE(status.Is(Reason::kConfigurationInvalid)) << status.ToString();
  EXPECT_THAT(status.message(), HasSubstr(path_));
  EXPECT_FALSE(std::filesystem::exists(path_));
  ASSERT_TRUE(Open().ok());
  EXPECT_TRUE(open().ok());
}

TEST_F(SqliteFileTest, AFileHasOneOwner) {
  auto first = SqliteDatabase::Open({path_, 1, &clock_});
  ASSERT_TRUE(first.ok());
  const Status second = Open();
  EXPECT_TRUE(second.Is(Reason::kConfigurationInvalid)) << second.ToString();
  EXPECT_THAT(second.message(), HasSubstr(path_));
  EXPECT_THAT(second.message(), HasSubstr("in use by process " + std::to_string(::getpid())));
  std::filesystem::create_symlink(path_, folder_.File("link.db"));
  EXPECT_TRUE(SqliteDatabase::Open({folder_.File("link.db"), 1, &clock_})
                  .status()
                  .Is(Reason::kConfigurationInvalid));
  first = InternalError("closed");
  EXPECT_TRUE(Open().ok());
  EXPECT_TRUE(SqliteDatabase::Open({folder_.File("link.db"), 1, &clock_}).ok());
}

/// Keeps the log's one mover busy for a while.
struct BusyMover {
  static int Wait(void* self, int tries) {
    constexpr int kTries = 50;
    constexpr int kPauseMs = 10;
    if (tries == 0) static_cast<BusyMover*>(self)->moving.count_down();
    sqlite3_sleep(kPauseMs);
    return tries < kTries ? 1 : 0;
  }
  std::latch moving{1};
};

TEST_F(SqliteFileTest, ALogThatAnotherProgramIsMovingIsWaitedFor) {
  ASSERT_TRUE(Open().ok());
  sqlite3* reader = nullptr;
  sqlite3* mover = nullptr;
  ASSERT_EQ(sqlite3_open(path_.c_str(), &reader), SQLITE_OK);
  ASSERT_EQ(sqlite3_open(path_.c_str(), &mover), SQLITE_OK);
  const auto run = [](sqlite3* database, const char* sql) {
    return sqlite3_exec(database, sql, nullptr, nullptr, nullptr);
  };
  ASSERT_EQ(run(reader, "BEGIN; SELECT * FROM sqlite_master"), SQLITE_OK);
  ASSERT_EQ(run(mover, "CREATE TABLE other (value INTEGER)"), SQLITE_OK);
  BusyMover busy;
  sqlite3_busy_handler(mover, &BusyMover::Wait, &busy);
  std::future<int> moved = std::async(std::launch::async, [&] {
    const int code =
        sqlite3_wal_checkpoint_v2(mover, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
    return code == SQLITE_BUSY ? run(reader, "COMMIT") : code;
  });
  busy.moving.wait();
  const Status opened = Open();
  EXPECT_TRUE(opened.ok()) << opened.ToString();
  EXPECT_EQ(moved.get(), SQLITE_OK);
  EXPECT_EQ(sqlite3_close(reader), SQLITE_OK);
  EXPECT_EQ(sqlite3_close(mover), SQLITE_OK);
}

}  // namespace
}  // namespace satchel
