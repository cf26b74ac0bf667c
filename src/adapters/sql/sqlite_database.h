/// One SQLite file: one connection that writes, a bounded pool of connections that read.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "adapters/sql/group_commit.h"
#include "adapters/sql/sql_database.h"
#include "adapters/sql/sqlite_connection.h"
#include "adapters/sql/sqlite_dialect.h"
#include "adapters/sql/sqlite_file.h"
#include "adapters/sql/sqlite_log_sync.h"
#include "base/clock.h"

namespace satchel {

struct SqliteDatabaseOptions {
  std::string path;              ///< made when missing, readable by its owner only
  int read_connections = 4;      ///< at least 1
  const Clock* clock = nullptr;  ///< the database's clock; must outlive it
  bool create = true;            ///< false: a missing file is refused
};

/// Thread-safe. One process owns the file, and one object of this class in it; a lock sees to it.
class SqliteDatabase final : public SqlDatabase {
 public:
  /// CONFIGURATION_INVALID: no database, damaged, or not allowed to be used; names the file.
  static Result<std::unique_ptr<SqliteDatabase>> Open(const SqliteDatabaseOptions& options);
  ~SqliteDatabase() override;

  Status Write(const CallContext& call, Durability durability,
               const SqlOperation& operation) override;
  Status Read(const CallContext& call, ReadScope scope, const SqlOperation& operation) override;
  /// One process owns the file, and one transaction at a time writes it.
  Status Migrate(const CallContext& call, const SqlOperation& operation) override {
    return Write(call, Durability::kPowerLoss, operation);
  }
  const SqlDialect& dialect() const override { return dialect_; }

 private:
  SqliteDatabase(const SqliteDatabaseOptions& options, std::string path,
                 std::unique_ptr<SqliteFileLock> lock);

  Status OpenFirst();
  Status Check();
  // Only the leader of a group commit calls these.
  SqlResult<std::int64_t> PrepareWriter();
  SqlResult<std::int64_t> ReopenWriter();
  SqlResult<std::int64_t> OpenWriter();
  SqlResult<std::int64_t> StartLog();
  /// Leaves the log as it is, also when no other connection is open.
  void DropWriter();
  void RunBatch(std::span<GroupCommit::Write* const> batch);
  SqlResult<std::int64_t> RunOperations(std::span<GroupCommit::Write* const> batch);
  SqlResult<std::int64_t> RunOperation(GroupCommit::Write& write);
  SqlResult<std::int64_t> Commit();
  void Maintain();

  /// Waits for those in use. None is lent until AllowReaders().
  void CloseReaders();
  void AllowReaders();
  Result<std::unique_ptr<SqliteConnection>> BorrowReader(const CallContext& call);
  void ReturnReader(std::unique_ptr<SqliteConnection> reader);

  const std::string path_;
  const std::unique_ptr<SqliteFileLock> lock_;
  const SqliteDialect dialect_;
  const int readers_max_;

  // Owned by the leader of the group commit, which is one thread at a time.
  std::unique_ptr<SqliteConnection> writer_;
  std::shared_ptr<SqliteLogSync> log_;  // of writer_
  int checkpointed_frames_ = 0;

  std::mutex readers_mutex_;
  std::condition_variable reader_returned_;
  // Guarded by readers_mutex_. After writer_: readers close before it does.
  std::vector<std::unique_ptr<SqliteConnection>> idle_readers_;
  int readers_to_open_;
  bool readers_closed_ = false;

  GroupCommit group_commit_;
};

}  // namespace satchel
