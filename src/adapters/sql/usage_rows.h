/// Rows of `user_usage`: read, and moved by what happens to documents.
#pragma once

#include <cstdint>
#include <optional>

#include "adapters/sql/sql_database.h"
#include "base/status.h"
#include "base/time.h"
#include "ports/document.h"

namespace satchel {

/// What one transaction adds to a user's counters, each of which stops at zero.
struct UsageChange {
  std::int64_t file_count = 0;
  std::int64_t total_bytes = 0;
  std::int64_t reserved_bytes = 0;
  /// Set when documents came or went; a reservation alone is no update.
  std::optional<Timestamp> updated_at;
};

Status EnsureUsageRow(SqlConnection& connection, const SqlDialect& dialect, const UserId& user);
Status ChangeUsage(SqlConnection& connection, const SqlDialect& dialect, const UserId& user,
                   const UsageChange& change);
/// Zeros for a user without a row.
Result<Usage> ReadUsage(SqlConnection& connection, const UserId& user, std::int64_t default_quota);
/// file_count, total_bytes and reserved_bytes as the user's rows say.
Result<Usage> CountUsage(SqlConnection& connection, const UserId& user);

}  // namespace satchel
