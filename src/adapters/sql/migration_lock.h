/// One at a time migrates a database that several processes share.
#pragma once

#include "adapters/sql/sql_database.h"
#include "base/call_context.h"
#include "base/status.h"

namespace satchel {

/// Runs `operation` holding the lock that Prisma Migrate takes too. The lock belongs to the
/// session: it goes with the connection, whichever way that ends. `connection` must not be shared.
/// CONFIGURATION_INVALID: another process held the lock for a minute. For databases that speak the
/// MySQL protocol.
Status RunWithMigrationLock(SqlConnection& connection, const CallContext& call,
                            const SqlOperation& operation);

}  // namespace satchel
