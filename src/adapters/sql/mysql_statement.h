/// A prepared statement: values in, rows out, all in the protocol's binary form.
#pragma once

#include <mysql.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/sql/sql_connection.h"

namespace satchel {

/// Times are UTC; what DATETIME cannot hold is cut to years 1000 to 9999.
MYSQL_TIME MysqlTimeOf(Timestamp time);
Timestamp TimestampOf(const MYSQL_TIME& time);
/// The integer part of a DECIMAL's text, cut to what fits.
std::int64_t IntegerOfDecimal(std::string_view decimal);

/// The columns of a statement's result, and the row that was fetched last.
class MysqlRow final : public SqlRow {
 public:
  explicit MysqlRow(MYSQL_RES& metadata);

  bool IsNull(int column) const override;
  std::int64_t Int64(int column) const override;
  std::string_view Text(int column) const override;
  Timestamp Time(int column) const override;

  std::span<MYSQL_BIND> binds() { return binds_; }
  /// Makes room for the values of the row that did not fit and fetches them again; false: failed.
  bool FetchLongValues(MYSQL_STMT* statement);

 private:
  enum class Kind : std::uint8_t { kInteger, kDecimal, kTime, kText };

  struct Column {
    Kind kind = Kind::kText;
    std::int64_t integer = 0;
    MYSQL_TIME time{};
    std::string text;
    unsigned long length = 0;
    my_bool is_null = 0;
    my_bool error = 0;
  };

  static Kind KindOf(enum_field_types type);
  void Bind(std::size_t index);
  const Column& At(int column) const { return columns_[static_cast<std::size_t>(column)]; }

  std::vector<Column> columns_;
  std::vector<MYSQL_BIND> binds_;
};

/// Not thread-safe; used with its connection, and may outlive it only to be destroyed.
class MysqlStatement {
 public:
  explicit MysqlStatement(MYSQL* connection) : handle_(mysql_stmt_init(connection)) {}

  /// First, and once. false: failed; error_code() and error_text() say why.
  bool Prepare(std::string_view sql);
  /// Whether as many values as the statement has places.
  bool Takes(std::span<const SqlValue> values) const { return values.size() == parameters_.size(); }
  /// Precondition: Takes(values). false: failed.
  bool Execute(std::span<const SqlValue> values);
  /// Hands out the rows of the last Execute(); false: failed.
  bool FetchRows(const SqlConnection::RowCallback& on_row, std::int64_t& rows);
  std::int64_t matched_rows() const;

  unsigned int error_code() const;
  std::string_view error_text() const;

 private:
  struct Close {
    void operator()(MYSQL_STMT* statement) const { mysql_stmt_close(statement); }
  };

  bool BindParameters(std::span<const SqlValue> values);

  std::unique_ptr<MYSQL_STMT, Close> handle_;
  std::vector<MYSQL_BIND> parameters_;
  std::vector<MYSQL_TIME> times_;  // of the parameters that are times, by position
  std::unique_ptr<MysqlRow> row_;  // null: the statement has no rows
};

}  // namespace satchel
