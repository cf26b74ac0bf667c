/// Migrations in Prisma Migrate's layout and book, so that its tools elsewhere agree with ours.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/sql/sql_database.h"
#include "base/call_context.h"
#include "base/status.h"

namespace satchel {

/// One folder of prisma/.../migrations.
struct Migration {
  std::string_view name;      ///< the folder's, <timestamp>_<subject>
  std::string_view sql;       ///< migration.sql
  std::string_view checksum;  ///< its SHA-256 in hexadecimal
};

/// What this program was built with, oldest first.
std::span<const Migration> SqliteMigrations();
/// For MariaDB, TiDB and MySQL 8.
std::span<const Migration> MysqlMigrations();

enum class MigrationState : std::uint8_t {
  kApplied,
  kPending,
  kFailed,   ///< began and did not end; blocks all others until it is resolved
  kChanged,  ///< applied, but not with the SQL that this program has
  kUnknown,  ///< in the book, but not in this program: the schema is from the future
};

/// "applied", "pending", "failed", "changed", "unknown".
std::string_view NameOf(MigrationState state);

struct MigrationReport {
  std::string name;
  MigrationState state = MigrationState::kPending;
  std::string logs;  ///< why it failed
};

/// How an operator settled a failed migration.
enum class MigrationResolution : std::uint8_t { kApplied, kRolledBack };

/// Thread-safe. CONFIGURATION_INVALID: the operator has to act, as the message says.
class Migrator {
 public:
  /// `migrations` must outlive it.
  Migrator(std::shared_ptr<SqlDatabase> database, std::span<const Migration> migrations);

  /// Those of this program in order, then those it does not know.
  Result<std::vector<MigrationReport>> ReadStates(const CallContext& call);
  /// OK when the schema is exactly this program's.
  Status CheckCurrent(const CallContext& call);
  /// Applies what is pending; returns the names. Two that start at once apply each migration once.
  /// One that fails stays in the book as failed, half done where the database cannot undo it.
  Result<std::vector<std::string>> Deploy(const CallContext& call);
  /// Rolled back: a failed migration is pending again; this program need not have it. Applied: a
  /// failed or pending one counts as applied, without running it.
  Status Resolve(const CallContext& call, const std::string& name, MigrationResolution resolution);

 private:
  struct Attempt;

  Result<std::vector<MigrationReport>> ReadBook(SqlConnection& connection) const;
  /// The first reason not to touch or use this schema.
  Status FindObstacle(const std::vector<MigrationReport>& reports) const;
  Status ApplyNext(SqlConnection& connection, Attempt& attempt) const;
  Status ReportFailure(const CallContext& call, const Attempt& attempt);
  Status ResolveIn(SqlConnection& connection, const std::string& name,
                   MigrationResolution resolution) const;
  const Migration* Find(std::string_view name) const;

  const std::shared_ptr<SqlDatabase> database_;
  const std::span<const Migration> migrations_;
};

}  // namespace satchel
