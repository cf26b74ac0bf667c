/// SQL as servers of the MySQL protocol spell it.
#pragma once

#include <string_view>
#include <vector>

#include "adapters/sql/sql_database.h"

namespace satchel {

class MysqlDialect final : public SqlDialect {
 public:
  /// The server's own clock, in UTC.
  Result<Timestamp> Now(SqlConnection& connection) const override;
  std::string_view now_column() const override { return "UTC_TIMESTAMP(3)"; }
  Timestamp NowOf(const SqlRow& row, int column) const override { return row.Time(column); }
  // In this order: TiDB plans COALESCE(UTC_TIMESTAMP(3), ?) anew each time.
  std::string_view now_expression() const override { return "IFNULL(?, UTC_TIMESTAMP(3))"; }
  SqlValue now_value() const override { return nullptr; }
  std::string_view for_update() const override { return " FOR UPDATE"; }
  std::string_view ensure_usage_row() const override;
  std::string_view table_exists() const override;
  std::string_view create_migration_book() const override;
  bool undoes_schema_changes() const override { return false; }
  std::vector<std::string_view> SplitScript(std::string_view script) const override;
};

}  // namespace satchel
