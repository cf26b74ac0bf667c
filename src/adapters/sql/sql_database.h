/// Where transactions run, and what differs between the databases that speak SQL.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

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
  /// Values: user_id, updated_at. Adds a row of zeros to user_usage unless the user has one.
  virtual std::string_view ensure_usage_row() const = 0;
  /// Value: a table's name. One row when it exists.
  virtual std::string_view table_exists() const = 0;
  /// Creates Prisma Migrate's book unless it exists.
  virtual std::string_view create_migration_book() const = 0;
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
  virtual const SqlDialect& dialect() const = 0;
};

}  // namespace satchel
