#include "adapters/sql/migration_lock.h"

#include <chrono>

namespace satchel {
namespace {

/// The name that Prisma Migrate locks; it counts for the whole server.
constexpr std::string_view kLockName = "prisma_migrate";
/// How long one statement waits, so that a cancelled call and a short time-out of statements hold.
constexpr std::int64_t kLockStepSeconds = 1;
constexpr std::chrono::minutes kLockTimeMax{1};

SqlResult<bool> TryLock(SqlConnection& connection) {
  bool locked = false;
  auto rows = connection.Query("SELECT GET_LOCK(?, ?)", {kLockName, kLockStepSeconds},
                               [&](const SqlRow& row) { locked = row.Int64(0) == 1; });
  if (!rows.ok()) return rows.error();
  return locked;
}

/// TiDB answers some of many that ask at once with the code of an unknown error (1105).
bool IsContention(const SqlError& error) {
  return error.failure == SqlFailure::kRetryable || error.failure == SqlFailure::kOther;
}

Status Lock(SqlConnection& connection, const CallContext& call) {
  const auto give_up_at = std::chrono::steady_clock::now() + kLockTimeMax;
  for (;;) {
    SATCHEL_RETURN_IF_ERROR(call.Check());
    auto locked = TryLock(connection);
    if (locked.ok() && *locked) return {};
    const bool contended = locked.ok() || IsContention(locked.error());
    const bool late = std::chrono::steady_clock::now() >= give_up_at;
    if (!locked.ok() && (!contended || late)) return locked.status();
    if (late) break;
    if (locked.ok()) continue;
    auto paused = connection.Query("SELECT SLEEP(0.05)", {}, [](const SqlRow&) {});
    if (!paused.ok()) return paused.status();
  }
  return ConfigurationError(
      "another process is migrating this database server; try again when it has ended");
}

}  // namespace

Status RunWithMigrationLock(SqlConnection& connection, const CallContext& call,
                            const SqlOperation& operation) {
  SATCHEL_RETURN_IF_ERROR(Lock(connection, call));
  Status result = operation(connection);
  auto released = connection.Query("SELECT RELEASE_LOCK(?)", {kLockName}, [](const SqlRow&) {});
  // The lock ends with the session at the latest; what the operation did stays done.
  if (!released.ok() && result.ok()) return released.status();
  return result;
}

}  // namespace satchel
