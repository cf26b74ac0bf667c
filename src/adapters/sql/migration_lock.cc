#include "adapters/sql/migration_lock.h"

#include <chrono>

namespace satchel {
namespace {

/// The name that Prisma Migrate locks; it counts for the whole server.
constexpr std::string_view kLockName = "prisma_migrate";
/// How long one statement waits, so that a cancelled call and a short time-out of statements hold.
constexpr std::int64_t kLockStepSeconds = 1;
constexpr int kLockStepsMax = 60;

SqlResult<bool> TryLock(SqlConnection& connection) {
  bool locked = false;
  auto rows = connection.Query("SELECT GET_LOCK(?, ?)", {kLockName, kLockStepSeconds},
                               [&](const SqlRow& row) { locked = row.Int64(0) == 1; });
  if (!rows.ok()) return rows.error();
  return locked;
}

Status Lock(SqlConnection& connection, const CallContext& call) {
  for (int step = 0; step < kLockStepsMax; ++step) {
    SATCHEL_RETURN_IF_ERROR(call.Check());
    auto locked = TryLock(connection);
    if (!locked.ok()) return locked.status();
    if (*locked) return {};
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
