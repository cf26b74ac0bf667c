#include "adapters/sql/sqlite_connection.h"

#include <sqlite3.h>

#include <array>
#include <chrono>

namespace satchel {
namespace {

constexpr int kBusyTimeoutMs = 5000;
constexpr int kBusyPauseMs = 10;
/// Virtual machine steps between two looks at the watched call: some 50 microseconds.
constexpr int kWatchSteps = 4000;

/// By SQLite's result codes (https://www.sqlite.org/rescode.html).
SqlFailure FailureOf(int extended_code) {
  if (extended_code == SQLITE_CONSTRAINT_UNIQUE || extended_code == SQLITE_CONSTRAINT_PRIMARYKEY) {
    return SqlFailure::kUniqueViolation;
  }
  switch (extended_code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return SqlFailure::kRetryable;
    case SQLITE_FULL:
      return SqlFailure::kFull;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return SqlFailure::kCorrupt;
    case SQLITE_INTERRUPT:
      return SqlFailure::kInterrupted;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_NOMEM:
      return SqlFailure::kUnavailable;
    default:
      return SqlFailure::kOther;
  }
}

class SqliteRow final : public SqlRow {
 public:
  explicit SqliteRow(sqlite3_stmt* statement) : statement_(statement) {}

  bool IsNull(int column) const override {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
  }
  std::int64_t Int64(int column) const override { return sqlite3_column_int64(statement_, column); }
  std::string_view Text(int column) const override {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    if (text == nullptr) return {};
    return {text, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
  }
  Timestamp Time(int column) const override {
    return Timestamp(std::chrono::milliseconds(Int64(column)));
  }

 private:
  sqlite3_stmt* statement_;
};

int Bind(sqlite3_stmt* statement, int position, const SqlValue& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    return sqlite3_bind_int64(statement, position, *number);
  }
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    // An empty view may have no address, which SQLite would take for NULL.
    return sqlite3_bind_text64(statement, position, text->empty() ? "" : text->data(), text->size(),
                               SQLITE_STATIC, SQLITE_UTF8);
  }
  if (const auto* time = std::get_if<Timestamp>(&value)) {
    return sqlite3_bind_int64(statement, position, time->time_since_epoch().count());
  }
  return sqlite3_bind_null(statement, position);
}

/// Gives the statement back for its next use, whichever way the function is left.
class StatementUse {
 public:
  explicit StatementUse(sqlite3_stmt* statement) : statement_(statement) {}
  ~StatementUse() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }
  StatementUse(const StatementUse&) = delete;
  StatementUse& operator=(const StatementUse&) = delete;

 private:
  sqlite3_stmt* statement_;
};

}  // namespace

void SqliteConnection::CloseDatabase::operator()(sqlite3* database) const {
  sqlite3_close_v2(database);
}

void SqliteConnection::FinalizeStatement::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

SqliteConnection::~SqliteConnection() = default;

SqlResult<std::unique_ptr<SqliteConnection>> SqliteConnection::Open(const std::string& path,
                                                                    Role role) {
  sqlite3* handle = nullptr;
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  if (role == Role::kWriter) flags |= SQLITE_OPEN_CREATE;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  // A handle comes back from a failed open too, and must be closed.
  std::unique_ptr<SqliteConnection> connection(
      // tidy-allow(raw-new): the constructor is private, make_unique cannot reach it
      new SqliteConnection(handle));
  if (code != SQLITE_OK) return connection->ErrorOf(code);
  if (auto configured = connection->Configure(role); !configured.ok()) return configured.error();
  return connection;
}

SqlResult<std::int64_t> SqliteConnection::Configure(Role role) {
  sqlite3_busy_timeout(database_.get(), kBusyTimeoutMs);
  for (const auto& [option, value] :
       {std::pair{SQLITE_DBCONFIG_DEFENSIVE, 1}, std::pair{SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
        std::pair{SQLITE_DBCONFIG_DQS_DML, 0}, std::pair{SQLITE_DBCONFIG_DQS_DDL, 0}}) {
    const int code = sqlite3_db_config(database_.get(), option, value, nullptr);
    if (code != SQLITE_OK) return ErrorOf(code);
  }
  // The log is checkpointed when the database says so, not inside somebody's commit.
  if (role == Role::kWriter) {
    sqlite3_wal_hook(
        database_.get(),
        [](void* self, sqlite3*, const char*, int frames) {
          static_cast<SqliteConnection*>(self)->wal_frames_ = frames;
          return SQLITE_OK;
        },
        this);
    bool logs_ahead = false;
    auto mode = Query("PRAGMA journal_mode = WAL", {},
                      [&](const SqlRow& row) { logs_ahead = row.Text(0) == "wal"; });
    if (!mode.ok()) return mode;
    if (!logs_ahead) return SqlError{SqlFailure::kUnavailable, "the file system refuses WAL mode"};
    return ExecuteScript(
        "PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY;"
        "PRAGMA cache_size = -8192; PRAGMA journal_size_limit = 33554432;");
  }
  const int code = sqlite3_db_config(database_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  if (code != SQLITE_OK) return ErrorOf(code);
  return ExecuteScript(
      "PRAGMA query_only = 1; PRAGMA wal_autocheckpoint = 0; PRAGMA temp_store = MEMORY;"
      "PRAGMA cache_size = -2048;");
}

SqlResult<std::int64_t> SqliteConnection::Execute(std::string_view sql,
                                                  std::span<const SqlValue> values) {
  auto rows = Query(sql, values, [](const SqlRow&) {});
  if (!rows.ok()) return rows;
  return sqlite3_changes64(database_.get());
}

SqlResult<std::int64_t> SqliteConnection::Query(std::string_view sql,
                                                std::span<const SqlValue> values,
                                                const RowCallback& on_row) {
  auto prepared = Prepare(sql);
  if (!prepared.ok()) return prepared.error();
  const StatementUse use(*prepared);
  int position = 0;
  for (const SqlValue& value : values) {
    const int code = Bind(*prepared, ++position, value);
    if (code != SQLITE_OK) return ErrorOf(code);
  }
  return Step(*prepared, on_row);
}

SqlResult<std::int64_t> SqliteConnection::Step(sqlite3_stmt* statement, const RowCallback& on_row) {
  const SqliteRow row(statement);
  for (std::int64_t rows = 0;; ++rows) {
    const int code = sqlite3_step(statement);
    if (code == SQLITE_DONE) return rows;
    if (code != SQLITE_ROW) return ErrorOf(code);
    on_row(row);
  }
}

SqlResult<std::int64_t> SqliteConnection::ExecuteScript(std::string_view script) {
  std::int64_t statements = 0;
  while (!script.empty()) {
    sqlite3_stmt* handle = nullptr;
    const char* rest = nullptr;
    const int code = sqlite3_prepare_v2(database_.get(), script.data(),
                                        static_cast<int>(script.size()), &handle, &rest);
    if (code != SQLITE_OK) return ErrorOf(code);
    script.remove_prefix(static_cast<std::size_t>(rest - script.data()));
    const StatementHandle statement(handle);
    if (!statement) continue;  // only white space or a comment
    auto done = Step(statement.get(), [](const SqlRow&) {});
    if (!done.ok()) return done;
    ++statements;
  }
  return statements;
}

SqlResult<sqlite3_stmt*> SqliteConnection::Prepare(std::string_view sql) {
  if (const auto found = statements_.find(sql); found != statements_.end()) {
    return found->second.get();
  }
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
  if (code != SQLITE_OK) return ErrorOf(code);
  statements_.emplace(sql, StatementHandle(handle));
  return handle;
}

bool SqliteConnection::in_transaction() const {
  return sqlite3_get_autocommit(database_.get()) == 0;
}

void SqliteConnection::Watch(const CallContext* call) {
  if (call == nullptr) {
    sqlite3_progress_handler(database_.get(), 0, nullptr, nullptr);
    return;
  }
  sqlite3_progress_handler(
      database_.get(), kWatchSteps,
      [](void* watched) { return static_cast<const CallContext*>(watched)->Check().ok() ? 0 : 1; },
      const_cast<CallContext*>(call));
}

void SqliteConnection::KeepLogOnClose() {
  sqlite3_db_config(database_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

SqlResult<std::int64_t> SqliteConnection::CheckpointPassive() {
  return Checkpoint(SQLITE_CHECKPOINT_PASSIVE);
}

SqlResult<std::int64_t> SqliteConnection::CheckpointTruncate() {
  // SQLite waits for readers, but not for another program that moves the log, or that was first to
  // read it after a crash.
  using std::chrono::steady_clock;
  const auto give_up = steady_clock::now() + std::chrono::milliseconds(kBusyTimeoutMs);
  auto moved = Checkpoint(SQLITE_CHECKPOINT_TRUNCATE);
  while (moved.Is(SqlFailure::kRetryable) && steady_clock::now() < give_up) {
    sqlite3_sleep(kBusyPauseMs);
    moved = Checkpoint(SQLITE_CHECKPOINT_TRUNCATE);
  }
  return moved;
}

SqlResult<std::int64_t> SqliteConnection::Checkpoint(int mode) {
  int frames = 0;
  int moved = 0;
  const int code = sqlite3_wal_checkpoint_v2(database_.get(), "main", mode, &frames, &moved);
  if (code != SQLITE_OK) return ErrorOf(code);
  if (mode == SQLITE_CHECKPOINT_TRUNCATE) wal_frames_ = 0;
  return moved;
}

SqlError SqliteConnection::ErrorOf(int code) {
  const int extended = database_ ? sqlite3_extended_errcode(database_.get()) : code;
  // The handle keeps the last error only; another call may have cleared it.
  const int kept = (extended & 0xff) == (code & 0xff) ? extended : code;
  SqlError error{FailureOf(kept), "SQLite " + std::to_string(kept) + ": "};
  error.text += database_ ? sqlite3_errmsg(database_.get()) : sqlite3_errstr(code);
  if (const int system = database_ ? sqlite3_system_errno(database_.get()) : 0; system != 0) {
    error.text += ", errno " + std::to_string(system);
  }
  if (error.failure == SqlFailure::kUnavailable || error.failure == SqlFailure::kCorrupt) {
    broken_ = true;
  }
  return error;
}

}  // namespace satchel
