#include "adapters/sql/sqlite_dialect.h"

namespace satchel {

Result<Timestamp> SqliteDialect::Now(SqlConnection&) const { return clock_.WallNow(); }

std::string_view SqliteDialect::ensure_usage_row() const {
  return "INSERT INTO user_usage (user_id, file_count, total_bytes, updated_at, reserved_bytes) "
         "VALUES (?, 0, 0, ?, 0) ON CONFLICT (user_id) DO NOTHING";
}

std::string_view SqliteDialect::table_exists() const {
  return "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?";
}

std::string_view SqliteDialect::create_migration_book() const {
  return "CREATE TABLE IF NOT EXISTS \"_prisma_migrations\" ("
         "\"id\" TEXT PRIMARY KEY NOT NULL, "
         "\"checksum\" TEXT NOT NULL, "
         "\"finished_at\" DATETIME, "
         "\"migration_name\" TEXT NOT NULL, "
         "\"logs\" TEXT, "
         "\"rolled_back_at\" DATETIME, "
         "\"started_at\" DATETIME NOT NULL DEFAULT current_timestamp, "
         "\"applied_steps_count\" INTEGER UNSIGNED NOT NULL DEFAULT 0)";
}

}  // namespace satchel
