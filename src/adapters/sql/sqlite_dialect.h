/// SQL as SQLite spells it.
#pragma once

#include "adapters/sql/sql_database.h"
#include "base/clock.h"

namespace satchel {

class SqliteDialect final : public SqlDialect {
 public:
  /// `clock` must outlive it: the database runs on this machine, so the machine's clock is its.
  explicit SqliteDialect(const Clock& clock) : clock_(clock) {}

  Result<Timestamp> Now(SqlConnection& connection) const override;
  std::string_view now_column() const override { return "NULL"; }
  Timestamp NowOf(const SqlRow&, int) const override { return clock_.WallNow(); }
  std::string_view now_expression() const override { return "?"; }
  SqlValue now_value() const override { return clock_.WallNow(); }
  /// Transactions that write exclude one another.
  std::string_view for_update() const override { return ""; }
  std::string_view ensure_usage_row() const override;
  std::string_view table_exists() const override;
  std::string_view create_migration_book() const override;
  bool undoes_schema_changes() const override { return true; }
  std::vector<std::string_view> SplitScript(std::string_view script) const override {
    return {script};
  }

 private:
  const Clock& clock_;
};

}  // namespace satchel
