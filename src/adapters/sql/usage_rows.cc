#include "adapters/sql/usage_rows.h"

#include <limits>
#include <string>

#include "adapters/sql/generated/schema.h"

namespace satchel {
namespace {

/// user_usage.updated_at of a user who never stored a document.
constexpr Timestamp kNever{};

SqlResult<std::int64_t> AddToUsage(SqlConnection& connection, const SqlDialect& dialect,
                                   const UserId& user, const UsageChange& change) {
  return connection.Execute(
      std::string(
          "UPDATE user_usage SET "
          "file_count = CASE WHEN file_count + ? < 0 THEN 0 ELSE file_count + ? END, "
          "total_bytes = CASE WHEN total_bytes + ? < 0 THEN 0 ELSE total_bytes + ? END, "
          "reserved_bytes = CASE WHEN reserved_bytes + ? < 0 THEN 0 ELSE reserved_bytes + ? END, "
          "updated_at = CASE WHEN ? = 1 THEN ")
          .append(dialect.now_expression())
          .append(" ELSE updated_at END WHERE user_id = ?"),
      {change.file_count, change.file_count, change.total_bytes, change.total_bytes,
       change.reserved_bytes, change.reserved_bytes, std::int64_t{change.file_count != 0},
       dialect.now_value(), user.value()});
}

}  // namespace

std::int64_t BytesSumOf(const SqlRow& row, int column) {
  using Limits = std::numeric_limits<std::int64_t>;
  constexpr std::int64_t kUpperUnit = std::int64_t{1} << 32;
  const std::int64_t lower = row.Int64(column + 1);
  const std::int64_t upper = row.Int64(column) + lower / kUpperUnit;
  if (upper > Limits::max() / kUpperUnit) return Limits::max();
  if (upper < Limits::min() / kUpperUnit) return Limits::min();
  return upper * kUpperUnit + lower % kUpperUnit;
}

Status EnsureUsageRow(SqlConnection& connection, const SqlDialect& dialect, const UserId& user) {
  return connection.Execute(dialect.ensure_usage_row(), {user.value(), kNever}).status();
}

Status ChangeUsage(SqlConnection& connection, const SqlDialect& dialect, const UserId& user,
                   const UsageChange& change) {
  auto changed = AddToUsage(connection, dialect, user, change);
  if (!changed.ok()) return changed.status();
  if (*changed == 1) return {};
  // Only a document that another program wrote has a user without a row.
  SATCHEL_RETURN_IF_ERROR(EnsureUsageRow(connection, dialect, user));
  return AddToUsage(connection, dialect, user, change).status();
}

Result<Usage> ReadUsage(SqlConnection& connection, const UserId& user, std::int64_t default_quota) {
  Usage usage{.user = user, .quota_bytes = default_quota, .updated_at = std::nullopt};
  auto rows =
      connection.Query("SELECT " SATCHEL_USER_USAGE_COLUMNS " FROM user_usage WHERE user_id = ?",
                       {user.value()}, [&](const SqlRow& row) {
                         const UserUsageRow found = ReadUserUsageRow(row);
                         usage.file_count = found.file_count;
                         usage.total_bytes = found.total_bytes;
                         usage.reserved_bytes = found.reserved_bytes;
                         usage.quota_is_own = found.quota_bytes.has_value();
                         usage.quota_bytes = found.quota_bytes.value_or(default_quota);
                         if (found.updated_at != kNever) usage.updated_at = found.updated_at;
                       });
  if (!rows.ok()) return rows.status();
  return usage;
}

Result<Usage> CountUsage(SqlConnection& connection, const UserId& user) {
  Usage usage{.user = user, .updated_at = std::nullopt};
  // A PENDING row without an attempt was written by another program, which reserves nothing.
  auto rows = connection.Query(
      "SELECT COUNT(CASE WHEN status = 'COMPLETED' THEN 1 END), "
      SATCHEL_BYTES_SUM("CASE WHEN status = 'COMPLETED' THEN size ELSE 0 END") ", "
      SATCHEL_BYTES_SUM(
          "CASE WHEN status = 'PENDING' AND attempt IS NOT NULL THEN size ELSE 0 END")
      " FROM rag_document WHERE user_id = ?",
      {user.value()}, [&](const SqlRow& row) {
        usage.file_count = static_cast<std::int32_t>(row.Int64(0));
        usage.total_bytes = BytesSumOf(row, 1);
        usage.reserved_bytes = BytesSumOf(row, 3);
      });
  if (!rows.ok()) return rows.status();
  return usage;
}

}  // namespace satchel
