#include "adapters/legacy/sqlite_legacy_source.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <limits>
#include <system_error>
#include <utility>

#include "adapters/legacy/table_columns.h"

namespace satchel {
namespace {

constexpr int kBusyPauseMilliseconds = 1;
constexpr std::chrono::seconds kBusyTimeMax{5};

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close(database); }
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;
using Statement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

Status ErrorOf(sqlite3* database, const std::string& path) {
  const int code = sqlite3_errcode(database);
  const int primary = code & 0xFF;
  std::string text = "the source " + path + ": " + sqlite3_errstr(code);
  // The file itself can be read.
  if (primary == SQLITE_CANTOPEN || primary == SQLITE_READONLY) {
    text += "; with a write-ahead log, its folder must be writable too";
  }
  if (primary == SQLITE_BUSY || primary == SQLITE_LOCKED || primary == SQLITE_IOERR) {
    return Status(Reason::kDatabaseUnavailable, text).WithCause(sqlite3_errmsg(database));
  }
  return ConfigurationError(text).WithCause(sqlite3_errmsg(database));
}

/// SQLite's own words for a file that is missing or may not be read are the same.
Status CheckReadable(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file >= 0) {
    close(file);
    return {};
  }
  return ConfigurationError(
      "cannot read the source " + path + ": " + std::generic_category().message(errno) +
      "; who reads it (the server, where one runs on this store) has user id " +
      std::to_string(geteuid()));
}

/// How long the locked file has been waited for.
struct BusyWait {
  std::chrono::steady_clock::time_point since;
};

/// Asks for the lock again soon: a service that writes one row after the other lets go of it for
/// moments only, which SQLite's own pauses, of up to 100 ms, hardly ever meet.
int WaitForWriters(void* state, int tries) {
  auto& wait = *static_cast<BusyWait*>(state);
  const auto now = std::chrono::steady_clock::now();
  if (tries == 0) wait.since = now;
  if (now - wait.since >= kBusyTimeMax) return 0;
  sqlite3_sleep(kBusyPauseMilliseconds);
  return 1;
}

/// The bytes of a column, whatever its type; nullopt for NULL.
std::optional<std::string> ColumnOf(sqlite3_stmt* statement, int column) {
  if (sqlite3_column_type(statement, column) == SQLITE_NULL) return std::nullopt;
  // Numbers become text; bytes and text come as they are. The length only after that.
  const auto* const bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
  const int size = sqlite3_column_bytes(statement, column);
  return std::string(bytes == nullptr ? "" : bytes, static_cast<std::size_t>(size));
}

class SqliteLegacySource final : public LegacySource {
 public:
  SqliteLegacySource(Database database, std::string path)
      : database_(std::move(database)), path_(std::move(path)) {
    sqlite3_busy_handler(database_.get(), WaitForWriters, &busy_);
  }

  /// Begins the transaction, where it is to have one, and looks into the table.
  Status Begin(const LegacySourceSpec& spec) {
    SATCHEL_RETURN_IF_ERROR(Execute("PRAGMA query_only = ON"));
    // Elsewhere a transaction that reads keeps everybody from writing until it ends.
    SATCHEL_ASSIGN_OR_RETURN(const bool readers_block_nobody, UsesWriteAheadLog());
    if (readers_block_nobody) SATCHEL_RETURN_IF_ERROR(Execute("BEGIN"));
    SATCHEL_ASSIGN_OR_RETURN(const std::vector<FoundColumn> found, FindColumns(spec.table));
    SATCHEL_ASSIGN_OR_RETURN(const LegacyColumns columns,
                             ResolveColumns(spec.table, spec.columns, found));
    const auto quoted = [](const std::string& name) {
      return name.empty() ? std::string("NULL") : QuoteIdentifier(name, '"');
    };
    table_ = quoted(spec.table);
    id_ = quoted(columns.id);
    text_ = quoted(columns.text);
    row_columns_ = id_ + ", " + quoted(columns.teacher) + ", " + quoted(columns.source) + ", " +
                   quoted(columns.timestamp) + ", length(CAST(" + text_ + " AS BLOB))";
    SATCHEL_ASSIGN_OR_RETURN(
        const Statement key,
        Query("SELECT count(*), sum(typeof(" + id_ + ") = 'integer'), count(DISTINCT CASE typeof(" +
                  id_ + ") WHEN 'integer' THEN " + id_ + " END) FROM " + table_,
              {}));
    SATCHEL_ASSIGN_OR_RETURN(const bool any, Step(key.get()));
    if (!any) return InternalError("a count without a row");
    return CheckKey(spec.table, columns.id, sqlite3_column_int64(key.get(), 0),
                    sqlite3_column_int64(key.get(), 1), sqlite3_column_int64(key.get(), 2));
  }

  Result<LegacySize> Measure(const CallContext& call) override {
    SATCHEL_RETURN_IF_ERROR(call.Check());
    SATCHEL_ASSIGN_OR_RETURN(
        const Statement statement,
        Query("SELECT count(*), sum(length(CAST(" + text_ + " AS BLOB))) FROM " + table_, {}));
    SATCHEL_ASSIGN_OR_RETURN(const bool any, Step(statement.get()));
    if (!any) return InternalError("a count without a row");
    return LegacySize{.rows = sqlite3_column_int64(statement.get(), 0),
                      .bytes = sqlite3_column_int64(statement.get(), 1)};
  }

  Result<std::vector<LegacyRow>> ReadRows(const CallContext& call,
                                          std::optional<std::int64_t> after, int limit) override {
    std::vector<LegacyRow> rows;
    if (after == std::numeric_limits<std::int64_t>::max()) return rows;
    SATCHEL_ASSIGN_OR_RETURN(
        const Statement statement,
        Query("SELECT " + row_columns_ + " FROM " + table_ + " WHERE " + id_ + " >= ? ORDER BY " +
                  id_ + " LIMIT ?",
              {after ? *after + 1 : std::numeric_limits<std::int64_t>::min(), limit}));
    while (true) {
      SATCHEL_RETURN_IF_ERROR(call.Check());
      SATCHEL_ASSIGN_OR_RETURN(const bool any, Step(statement.get()));
      if (!any) return rows;
      LegacyRow row{.id = sqlite3_column_int64(statement.get(), 0),
                    .teacher = ColumnOf(statement.get(), 1),
                    .source = ColumnOf(statement.get(), 2),
                    .timestamp = ColumnOf(statement.get(), 3),
                    .text_bytes = {}};
      if (sqlite3_column_type(statement.get(), 4) != SQLITE_NULL) {
        row.text_bytes = sqlite3_column_int64(statement.get(), 4);
      }
      rows.push_back(std::move(row));
    }
  }

  Status ReadTexts(const CallContext& call, std::int64_t first, std::int64_t last,
                   const OnText& on_text) override {
    SATCHEL_ASSIGN_OR_RETURN(const Statement statement,
                             Query("SELECT " + id_ + ", " + text_ + " FROM " + table_ + " WHERE " +
                                       id_ + " >= ? AND " + id_ + " <= ?",
                                   {first, last}));
    while (true) {
      SATCHEL_RETURN_IF_ERROR(call.Check());
      SATCHEL_ASSIGN_OR_RETURN(const bool any, Step(statement.get()));
      if (!any) return {};
      const std::optional<std::string> text = ColumnOf(statement.get(), 1);
      if (!text) continue;
      SATCHEL_RETURN_IF_ERROR(on_text(sqlite3_column_int64(statement.get(), 0), *text));
    }
  }

 private:
  Status Execute(const char* sql) {
    const int code = sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr);
    return code == SQLITE_OK ? Status() : ErrorOf(database_.get(), path_);
  }

  Result<bool> UsesWriteAheadLog() {
    SATCHEL_ASSIGN_OR_RETURN(const Statement statement, Query("PRAGMA journal_mode", {}));
    SATCHEL_ASSIGN_OR_RETURN(const bool any, Step(statement.get()));
    return any && ColumnOf(statement.get(), 0) == "wal";
  }

  Result<Statement> Query(const std::string& sql, std::initializer_list<std::int64_t> values) {
    sqlite3_stmt* prepared = nullptr;
    const int code = sqlite3_prepare_v2(database_.get(), sql.c_str(), -1, &prepared, nullptr);
    Statement statement(prepared);
    if (code != SQLITE_OK) return ErrorOf(database_.get(), path_);
    int index = 0;
    for (const std::int64_t value : values) sqlite3_bind_int64(prepared, ++index, value);
    return statement;
  }

  /// Whether there is another row.
  Result<bool> Step(sqlite3_stmt* statement) {
    const int code = sqlite3_step(statement);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return ErrorOf(database_.get(), path_);
  }

  Result<std::vector<FoundColumn>> FindColumns(const std::string& table) {
    SATCHEL_ASSIGN_OR_RETURN(const Statement statement,
                             Query("SELECT name, type FROM pragma_table_info(?)", {}));
    sqlite3_bind_text(statement.get(), 1, table.c_str(), static_cast<int>(table.size()),
                      SQLITE_TRANSIENT);
    std::vector<FoundColumn> found;
    while (true) {
      SATCHEL_ASSIGN_OR_RETURN(const bool any, Step(statement.get()));
      if (!any) return found;
      found.push_back({.name = ColumnOf(statement.get(), 0).value_or(""),
                       .type = ColumnOf(statement.get(), 1).value_or(""),
                       .kind = ColumnKind::kAny});
    }
  }

  BusyWait busy_;  // before the database, which refers to it
  Database database_;
  const std::string path_;
  std::string table_;  // quoted, as are all of these
  std::string id_;
  std::string text_;
  std::string row_columns_;
};

}  // namespace

Result<std::unique_ptr<LegacySource>> OpenSqliteLegacySource(const LegacySourceSpec& spec) {
  std::error_code unknown;
  if (std::filesystem::is_directory(spec.address.path, unknown)) {
    return ConfigurationError("the source " + spec.address.path + " is a folder, not a file");
  }
  SATCHEL_RETURN_IF_ERROR(CheckReadable(spec.address.path));
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(spec.address.path.c_str(), &opened,
                                   SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nullptr);
  Database database(opened);
  if (code != SQLITE_OK) return ErrorOf(database.get(), spec.address.path);
  sqlite3_extended_result_codes(database.get(), 1);
  auto source = std::make_unique<SqliteLegacySource>(std::move(database), spec.address.path);
  SATCHEL_RETURN_IF_ERROR(source->Begin(spec));
  return std::unique_ptr<LegacySource>(std::move(source));
}

}  // namespace satchel
