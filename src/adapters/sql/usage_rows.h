/// Rows of `user_usage`: read, and moved by what happens to documents.
#pragma once

#include <cstdint>

#include "adapters/sql/sql_database.h"
#include "base/status.h"
#include "base/time.h"
#include "ports/document.h"

namespace satchel {

/// What one transaction adds to a user's counters, each of which stops at zero.
struct UsageChange {
  std::int64_t file_count = 0;  ///< dates the row too; a reservation alone is no update
  std::int64_t total_bytes = 0;
  std::int64_t reserved_bytes = 0;
};

/// The two sums of `column`, of its upper and its lower 32 bits: SQLite refuses a sum that
/// overflows, and rows of another program may hold any size. A macro so that statements stay
/// constant texts.
#define SATCHEL_BYTES_SUM(column) "SUM((" column ") >> 32), SUM((" column ") & 4294967295)"

/// What SATCHEL_BYTES_SUM() found, cut to what fits, 0 for no rows; `column` is its first.
std::int64_t BytesSumOf(const SqlRow& row, int column);

Status EnsureUsageRow(SqlConnection& connection, const SqlDialect& dialect, const UserId& user);
Status ChangeUsage(SqlConnection& connection, const SqlDialect& dialect, const UserId& user,
                   const UsageChange& change);
/// Zeros for a user without a row.
Result<Usage> ReadUsage(SqlConnection& connection, const UserId& user, std::int64_t default_quota);
/// file_count, total_bytes and reserved_bytes as the user's rows say.
Result<Usage> CountUsage(SqlConnection& connection, const UserId& user);

}  // namespace satchel
