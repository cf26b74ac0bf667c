// Usage and quota: read, set, proved, recounted.
#include "adapters/sql/sql_metadata_store.h"
#include "adapters/sql/usage_rows.h"
#include "base/text.h"

namespace satchel {
namespace {

UsageMismatch MismatchOf(const SqlRow& row) {
  const UserId user{std::string(row.Text(0))};
  UsageMismatch mismatch;
  mismatch.recorded.user = user;
  mismatch.recorded.file_count = static_cast<std::int32_t>(row.Int64(1));
  mismatch.recorded.total_bytes = row.Int64(2);
  mismatch.recorded.reserved_bytes = row.Int64(3);
  mismatch.recorded.quota_is_own = !row.IsNull(9);
  mismatch.recorded.quota_bytes = row.Int64(9);
  mismatch.counted.user = user;
  mismatch.counted.file_count = static_cast<std::int32_t>(row.Int64(4));
  mismatch.counted.total_bytes = BytesSumOf(row, 5);
  mismatch.counted.reserved_bytes = BytesSumOf(row, 7);
  return mismatch;
}

bool Differ(const Usage& one, const Usage& other) {
  return one.file_count != other.file_count || one.total_bytes != other.total_bytes ||
         one.reserved_bytes != other.reserved_bytes;
}

}  // namespace

Result<Usage> SqlMetadataStore::GetUsage(const CallContext& call, const UserId& user,
                                         std::int64_t default_quota) {
  Usage usage;
  SATCHEL_RETURN_IF_ERROR(
      database_->Read(call, ReadScope::kStatement, [&](SqlConnection& connection) -> Status {
        SATCHEL_ASSIGN_OR_RETURN(usage, ReadUsage(connection, user, default_quota));
        return {};
      }));
  return usage;
}

Status SqlMetadataStore::SetQuota(const CallContext& call, const UserId& user,
                                  std::optional<std::int64_t> quota_bytes) {
  const auto set = [&](SqlConnection& connection) -> Status {
    SATCHEL_RETURN_IF_ERROR(EnsureUsageRow(connection, database_->dialect(), user));
    const SqlValue quota = quota_bytes ? SqlValue(*quota_bytes) : SqlValue(nullptr);
    return connection
        .Execute("UPDATE user_usage SET quota_bytes = ? WHERE user_id = ?", {quota, user.value()})
        .status();
  };
  return database_->Write(call, Durability::kPowerLoss, set);
}

Result<StorageTotals> SqlMetadataStore::GetStorageTotals(const CallContext& call, int users_max) {
  StorageTotals totals;
  const auto read = [&](SqlConnection& connection) -> Status {
    totals = {};
    std::int64_t users = 0;
    auto sums =
        connection.Query("SELECT " SATCHEL_BYTES_SUM(
                             "total_bytes") ", COUNT(*) FROM user_usage WHERE total_bytes > 0",
                         {}, [&](const SqlRow& row) {
                           totals.total_bytes = BytesSumOf(row, 0);
                           users = row.Int64(2);
                         });
    if (!sums.ok()) return sums.status();
    auto largest = connection.Query(
        "SELECT user_id, total_bytes FROM user_usage WHERE total_bytes > 0 "
        "ORDER BY total_bytes DESC, user_id LIMIT ?",
        {std::int64_t{users_max}}, [&](const SqlRow& row) {
          totals.largest_users.push_back({UserId(ToValidUtf8(row.Text(0))), row.Int64(1)});
        });
    totals.users_omitted = users - static_cast<std::int64_t>(totals.largest_users.size());
    return largest.status();
  };
  SATCHEL_RETURN_IF_ERROR(database_->Read(call, ReadScope::kSnapshot, read));
  return totals;
}

Result<std::vector<UsageMismatch>> SqlMetadataStore::FindUsageMismatches(const CallContext& call) {
  std::vector<UsageMismatch> mismatches;
  const auto find = [&](SqlConnection& connection) -> Status {
    mismatches.clear();
    // One statement is one snapshot. Both sides are added up, so that a user of either is seen.
    return connection
        .Query(
            "SELECT user_id, SUM(files), SUM(bytes), SUM(reserved), SUM(counted_files), "
            "SUM(upper_bytes), SUM(lower_bytes), SUM(upper_reserved), SUM(lower_reserved), "
            "MAX(quota_bytes) FROM ("
            "SELECT user_id, file_count AS files, total_bytes AS bytes, "
            "reserved_bytes AS reserved, 0 AS counted_files, 0 AS upper_bytes, 0 AS lower_bytes, "
            "0 AS upper_reserved, 0 AS lower_reserved, quota_bytes FROM user_usage UNION ALL "
            "SELECT user_id, 0, 0, 0, COUNT(CASE WHEN status = 'COMPLETED' THEN 1 END), "
            SATCHEL_BYTES_SUM("CASE WHEN status = 'COMPLETED' THEN size ELSE 0 END") ", "
            SATCHEL_BYTES_SUM(
                "CASE WHEN status = 'PENDING' AND attempt IS NOT NULL THEN size ELSE 0 END")
            ", NULL FROM rag_document GROUP BY user_id) AS sides GROUP BY user_id "
            "ORDER BY user_id",
            {}, [&](const SqlRow& row) {
              UsageMismatch mismatch = MismatchOf(row);
              if (Differ(mismatch.recorded, mismatch.counted)) {
                mismatches.push_back(std::move(mismatch));
              }
            })
        .status();
  };
  SATCHEL_RETURN_IF_ERROR(database_->Read(call, ReadScope::kStatement, find));
  return mismatches;
}

Status SqlMetadataStore::RepairUsage(const CallContext& call, const UserId& user) {
  const auto repair = [&](SqlConnection& connection) -> Status {
    const SqlDialect& dialect = database_->dialect();
    SATCHEL_ASSIGN_OR_RETURN(const Timestamp now, dialect.Now(connection));
    SATCHEL_RETURN_IF_ERROR(EnsureUsageRow(connection, dialect, user));
    SATCHEL_ASSIGN_OR_RETURN(const Usage counted, CountUsage(connection, user));
    // updated_at first, MySQL assigns from left to right; it moves only with the documents'.
    return connection
        .Execute(
            "UPDATE user_usage SET updated_at = CASE WHEN file_count = ? AND total_bytes = ? "
            "THEN updated_at ELSE ? END, "
            "file_count = ?, total_bytes = ?, reserved_bytes = ? WHERE user_id = ?",
            {std::int64_t{counted.file_count}, counted.total_bytes, now,
             std::int64_t{counted.file_count}, counted.total_bytes, counted.reserved_bytes,
             user.value()})
        .status();
  };
  return database_->Write(call, Durability::kPowerLoss, repair);
}

}  // namespace satchel
