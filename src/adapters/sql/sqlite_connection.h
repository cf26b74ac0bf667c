/// The driver port over SQLite's C API.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "adapters/sql/sql_connection.h"
#include "base/call_context.h"

struct sqlite3;
struct sqlite3_stmt;

namespace satchel {

/// One connection to a SQLite file in WAL mode. Among all connections to a file exactly one may be
/// the writer: SQLite before 3.51.3 can corrupt a WAL that several connections reset.
class SqliteConnection final : public SqlConnection {
 public:
  enum class Role { kWriter, kReader };

  static SqlResult<std::unique_ptr<SqliteConnection>> Open(const std::string& path, Role role);
  ~SqliteConnection() override;

  using SqlConnection::Execute;
  using SqlConnection::Query;
  SqlResult<std::int64_t> Execute(std::string_view sql, std::span<const SqlValue> values) override;
  SqlResult<std::int64_t> Query(std::string_view sql, std::span<const SqlValue> values,
                                const RowCallback& on_row) override;
  SqlResult<std::int64_t> ExecuteScript(std::string_view script) override;

  bool in_transaction() const;
  /// A statement failed in a way after which the connection must be opened anew.
  bool broken() const { return broken_; }
  /// Statements fail with kInterrupted once `call` is no longer wanted; nullptr: watches none.
  void Watch(const CallContext* call);
  /// Closing the last connection to a file moves its log there and removes it, unless this was
  /// called before: for a log that may not be what was written.
  void KeepLogOnClose();

  /// Frames in the write-ahead log after the last commit of this connection.
  int wal_frames() const { return wal_frames_; }
  /// Moves the log's content to the file, as far as readers let it.
  SqlResult<std::int64_t> CheckpointPassive();
  /// Moves all of it, waiting for readers, and empties the log.
  SqlResult<std::int64_t> CheckpointTruncate();

 private:
  struct CloseDatabase {
    void operator()(sqlite3* database) const;
  };
  struct FinalizeStatement {
    void operator()(sqlite3_stmt* statement) const;
  };
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  using StatementHandle = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

  explicit SqliteConnection(sqlite3* database) : database_(database) {}

  SqlResult<std::int64_t> Configure(Role role);
  SqlResult<sqlite3_stmt*> Prepare(std::string_view sql);
  SqlResult<std::int64_t> Step(sqlite3_stmt* statement, const RowCallback& on_row);
  SqlResult<std::int64_t> Checkpoint(int mode);
  SqlError ErrorOf(int code);

  std::unique_ptr<sqlite3, CloseDatabase> database_;
  // After database_: statements are finalized before it is closed.
  std::unordered_map<std::string, StatementHandle, TextHash, std::equal_to<>> statements_;
  bool broken_ = false;
  int wal_frames_ = 0;
};

}  // namespace satchel
