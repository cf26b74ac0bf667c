/// Where transactions run, and what differs between the databases that speak SQL.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "adapters/sql/sql_connection.h"
#include "base/call_context.h"
#include "base/status.h"
#include "base/time.h"

namespace satchel {

/// The SQL that every database spells in its own way. Thread-safe.
class SqlDialect {
 public:
  virtual ~SqlDialect() = default;
  /// The database's clock; inside the transaction that uses it.
  virtual Result<Timestamp> Now(SqlConnection& connection) const = 0;
  /// The same as a column of a SELECT, which saves a question of its own.
  virtual std::string_view now_column() const = 0;
  /// What now_column() says, as column `column` of a row.
  virtual Timestamp NowOf(const SqlRow& row, int column) const = 0;
  /// The same in any other statement; takes the value that follows.
  virtual std::string_view now_expression() const = 0;
  virtual SqlValue now_value() const = 0;
  /// Ends a SELECT whose rows must be those that other transactions leave: it waits for the ones
  /// that are still changing them. Only in a transaction that writes.
  virtual std::string_view for_update() const = 0;
  /// Values: user_id, updated_at. Adds a row of zeros to user_usage unless the user has one.
  virtual std::string_view ensure_usage_row() const = 0;
  /// Value: a table's name. One row when it exists.
  virtual std::string_view table_exists() const = 0;
  /// Creates Prisma Migrate's book unless it exists.
  virtual std::string_view create_migration_book() const = 0;
  /// Whether a transaction undoes CREATE, ALTER and DROP too. Where it does not, each of them
  /// commits, so that a migration that fails stays half done.
  virtual bool undoes_schema_changes() const = 0;
  /// The statements of a migration file, in order; one text where the driver tells them apart. The
  /// views point into `script`.
  virtual std::vector<std::string_view> SplitScript(std::string_view script) const = 0;
};

/// What a committed write must outlive, beside the process.
enum class Durability : std::uint8_t {
  kProcess,    ///< a power loss may undo it, together with all later writes of this class
  kPowerLoss,  ///< nothing undoes it, nor any earlier write
};

enum class ReadScope : std::uint8_t {
  kStatement,  ///< each statement sees the database as it then is
  kSnapshot,   ///< all statements see the same
};

/// The statements of one transaction. May run more than once, on different connections; a status
/// other than OK undoes it.
using SqlOperation = std::function<Status(SqlConnection&)>;

/// Thread-safe; blocks. Runs no operation whose call is cancelled or past its deadline.
class SqlDatabase {
 public:
  virtual ~SqlDatabase() = default;
  /// OK only after the commit. OUTCOME_UNKNOWN: the operation succeeded, its commit may have.
  virtual Status Write(const CallContext& call, Durability durability,
                       const SqlOperation& operation) = 0;
  virtual Status Read(const CallContext& call, ReadScope scope, const SqlOperation& operation) = 0;
  /// Runs a step of a migration while no other process runs one. In one transaction like Write()
  /// where the dialect undoes schema changes; else once, on a session of its own that ends with it,
  /// every statement committing by itself and without a limit of its time but the call's.
  virtual Status Migrate(const CallContext& call, const SqlOperation& operation) = 0;
  virtual const SqlDialect& dialect() const = 0;
};

}  // namespace satchel
