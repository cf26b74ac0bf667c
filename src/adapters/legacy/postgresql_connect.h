/// Connecting to PostgreSQL.
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <string>

#include "base/call_context.h"
#include "base/status.h"
#include "ports/legacy_source.h"

namespace satchel {

struct ClosePostgresql {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
using PostgresqlConnection = std::unique_ptr<PGconn, ClosePostgresql>;

/// libpq's words about the last error, on one line.
std::string PostgresqlMessage(const PGconn* connection);
/// Whether the error of this SQLSTATE is that the user lacks a right.
bool IsPostgresqlRightMissing(std::string_view sqlstate);

/// Connects as `spec` says while `call` is wanted. CONFIGURATION_INVALID: the server refuses;
/// DATABASE_UNAVAILABLE: it could not be reached in time.
Result<PostgresqlConnection> ConnectPostgresql(const CallContext& call,
                                               const LegacySourceSpec& spec);

}  // namespace satchel
