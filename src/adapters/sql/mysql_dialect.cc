#include "adapters/sql/mysql_dialect.h"

#include "adapters/sql/mysql_script.h"

namespace satchel {

Result<Timestamp> MysqlDialect::Now(SqlConnection& connection) const {
  Timestamp now;
  auto rows = connection.Query("SELECT UTC_TIMESTAMP(3)", {},
                               [&](const SqlRow& row) { now = row.Time(0); });
  if (!rows.ok()) return rows.status();
  return now;
}

std::string_view MysqlDialect::ensure_usage_row() const {
  // Not INSERT IGNORE, which would also cut a value that does not fit.
  return "INSERT INTO user_usage (user_id, file_count, total_bytes, updated_at, reserved_bytes) "
         "VALUES (?, 0, 0, ?, 0) ON DUPLICATE KEY UPDATE user_id = user_id";
}

std::string_view MysqlDialect::table_exists() const {
  return "SELECT 1 FROM information_schema.tables "
         "WHERE table_schema = DATABASE() AND table_name = ?";
}

std::string_view MysqlDialect::create_migration_book() const {
  return "CREATE TABLE IF NOT EXISTS `_prisma_migrations` ("
         "`id` VARCHAR(36) PRIMARY KEY NOT NULL, "
         "`checksum` VARCHAR(64) NOT NULL, "
         "`finished_at` DATETIME(3), "
         "`migration_name` VARCHAR(255) NOT NULL, "
         "`logs` TEXT, "
         "`rolled_back_at` DATETIME(3), "
         "`started_at` DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3), "
         "`applied_steps_count` INTEGER UNSIGNED NOT NULL DEFAULT 0"
         ") DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci";
}

std::vector<std::string_view> MysqlDialect::SplitScript(std::string_view script) const {
  return SplitMysqlScript(script);
}

}  // namespace satchel
