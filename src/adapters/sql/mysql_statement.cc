#include "adapters/sql/mysql_statement.h"

#include <errmsg.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <limits>

namespace satchel {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::sys_days;

/// Room for a text column at first; longer values make it grow.
constexpr std::size_t kTextBytesFirst = 256;

constexpr Timestamp kEarliest{sys_days(std::chrono::year(1000) / 1 / 1)};
constexpr Timestamp kLatest{sys_days(std::chrono::year(10000) / 1 / 1) - 1ms};

struct FreeResult {
  void operator()(MYSQL_RES* result) const { mysql_free_result(result); }
};

/// Gives up what is left of a statement's rows, whichever way the function is left.
class RowsInUse {
 public:
  explicit RowsInUse(MYSQL_STMT* statement) : statement_(statement) {}
  ~RowsInUse() { mysql_stmt_free_result(statement_); }
  RowsInUse(const RowsInUse&) = delete;
  RowsInUse& operator=(const RowsInUse&) = delete;

 private:
  MYSQL_STMT* statement_;
};

}  // namespace

MYSQL_TIME MysqlTimeOf(Timestamp time) {
  time = std::clamp(time, kEarliest, kLatest);
  const auto day = std::chrono::floor<days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss<milliseconds> clock(time - day);
  MYSQL_TIME result{};
  result.year = static_cast<unsigned int>(static_cast<int>(date.year()));
  result.month = static_cast<unsigned int>(date.month());
  result.day = static_cast<unsigned int>(date.day());
  result.hour = static_cast<unsigned int>(clock.hours().count());
  result.minute = static_cast<unsigned int>(clock.minutes().count());
  result.second = static_cast<unsigned int>(clock.seconds().count());
  result.second_part =
      static_cast<unsigned long>(duration_cast<microseconds>(clock.subseconds()).count());
  result.time_type = MYSQL_TIMESTAMP_DATETIME;
  return result;
}

Timestamp TimestampOf(const MYSQL_TIME& time) {
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(time.year)),
                                         std::chrono::month(time.month),
                                         std::chrono::day(time.day)};
  // A zero date, which servers without strict mode store.
  if (!date.ok()) return {};
  return Timestamp(sys_days(date)) + std::chrono::hours(time.hour) +
         std::chrono::minutes(time.minute) + std::chrono::seconds(time.second) +
         duration_cast<milliseconds>(microseconds(time.second_part));
}

std::int64_t IntegerOfDecimal(std::string_view decimal) {
  std::int64_t value = 0;
  const auto parsed = std::from_chars(decimal.data(), decimal.data() + decimal.size(), value);
  if (parsed.ec != std::errc::result_out_of_range) return value;
  using Limits = std::numeric_limits<std::int64_t>;
  return decimal.starts_with('-') ? Limits::min() : Limits::max();
}

MysqlRow::MysqlRow(MYSQL_RES& metadata)
    : columns_(mysql_num_fields(&metadata)), binds_(mysql_num_fields(&metadata)) {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const MYSQL_FIELD& field = *mysql_fetch_field_direct(&metadata, static_cast<unsigned int>(i));
    columns_[i].kind = KindOf(field.type);
    columns_[i].text.resize(kTextBytesFirst);
    Bind(i);
  }
}

MysqlRow::Kind MysqlRow::KindOf(enum_field_types type) {
  switch (type) {
    case MYSQL_TYPE_TINY:
    case MYSQL_TYPE_SHORT:
    case MYSQL_TYPE_INT24:
    case MYSQL_TYPE_LONG:
    case MYSQL_TYPE_LONGLONG:
    case MYSQL_TYPE_YEAR:
      return Kind::kInteger;
    case MYSQL_TYPE_DECIMAL:
    case MYSQL_TYPE_NEWDECIMAL:
    case MYSQL_TYPE_DOUBLE:
    case MYSQL_TYPE_FLOAT:
      return Kind::kDecimal;
    case MYSQL_TYPE_DATETIME:
    case MYSQL_TYPE_TIMESTAMP:
    case MYSQL_TYPE_DATE:
      return Kind::kTime;
    default:
      return Kind::kText;
  }
}

void MysqlRow::Bind(std::size_t index) {
  Column& column = columns_[index];
  MYSQL_BIND& bind = binds_[index];
  bind = {};
  bind.length = &column.length;
  bind.is_null = &column.is_null;
  bind.error = &column.error;
  if (column.kind == Kind::kInteger) {
    bind.buffer_type = MYSQL_TYPE_LONGLONG;
    bind.buffer = &column.integer;
  } else if (column.kind == Kind::kTime) {
    bind.buffer_type = MYSQL_TYPE_DATETIME;
    bind.buffer = &column.time;
    bind.buffer_length = sizeof(column.time);
  } else {
    bind.buffer_type = MYSQL_TYPE_STRING;
    bind.buffer = column.text.data();
    bind.buffer_length = column.text.size();
  }
}

bool MysqlRow::FetchLongValues(MYSQL_STMT* statement) {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    Column& column = columns_[i];
    const bool is_text = column.kind == Kind::kText || column.kind == Kind::kDecimal;
    if (!is_text || column.is_null != 0 || column.length <= column.text.size()) continue;
    column.text.resize(column.length);
    Bind(i);
    if (mysql_stmt_fetch_column(statement, &binds_[i], static_cast<unsigned int>(i), 0) != 0) {
      return false;
    }
  }
  return mysql_stmt_bind_result(statement, binds_.data()) == 0;
}

bool MysqlRow::IsNull(int column) const { return At(column).is_null != 0; }

std::int64_t MysqlRow::Int64(int column) const {
  const Column& at = At(column);
  if (at.is_null != 0) return 0;
  switch (at.kind) {
    case Kind::kInteger:
      return at.integer;
    case Kind::kTime:
      return TimestampOf(at.time).time_since_epoch().count();
    case Kind::kDecimal:
    case Kind::kText:
      return IntegerOfDecimal(Text(column));
  }
  return 0;
}

std::string_view MysqlRow::Text(int column) const {
  const Column& at = At(column);
  if (at.is_null != 0 || at.kind == Kind::kInteger || at.kind == Kind::kTime) return {};
  return std::string_view(at.text).substr(0, at.length);
}

Timestamp MysqlRow::Time(int column) const {
  const Column& at = At(column);
  return at.is_null == 0 && at.kind == Kind::kTime ? TimestampOf(at.time) : Timestamp();
}

bool MysqlStatement::Prepare(std::string_view sql) {
  MYSQL_STMT* const handle = handle_.get();
  if (handle == nullptr || mysql_stmt_prepare(handle, sql.data(), sql.size()) != 0) return false;
  parameters_.resize(mysql_stmt_param_count(handle));
  times_.resize(parameters_.size());
  const std::unique_ptr<MYSQL_RES, FreeResult> metadata(mysql_stmt_result_metadata(handle));
  if (metadata) row_ = std::make_unique<MysqlRow>(*metadata);
  return true;
}

bool MysqlStatement::BindParameters(std::span<const SqlValue> values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    MYSQL_BIND& bind = parameters_[i];
    bind = {};
    // libmariadb only reads what parameters point to.
    if (const auto* number = std::get_if<std::int64_t>(&values[i])) {
      bind.buffer_type = MYSQL_TYPE_LONGLONG;
      bind.buffer = const_cast<std::int64_t*>(number);
    } else if (const auto* text = std::get_if<std::string_view>(&values[i])) {
      bind.buffer_type = MYSQL_TYPE_STRING;
      // An empty view may have no address, which would be taken for NULL.
      bind.buffer = const_cast<char*>(text->empty() ? "" : text->data());
      bind.buffer_length = text->size();
    } else if (const auto* time = std::get_if<Timestamp>(&values[i])) {
      times_[i] = MysqlTimeOf(*time);
      bind.buffer_type = MYSQL_TYPE_DATETIME;
      bind.buffer = &times_[i];
    } else {
      bind.buffer_type = MYSQL_TYPE_NULL;
    }
  }
  return parameters_.empty() || mysql_stmt_bind_param(handle_.get(), parameters_.data()) == 0;
}

bool MysqlStatement::Execute(std::span<const SqlValue> values) {
  return BindParameters(values) && mysql_stmt_execute(handle_.get()) == 0;
}

bool MysqlStatement::FetchRows(const SqlConnection::RowCallback& on_row, std::int64_t& rows) {
  rows = 0;
  if (!row_) return true;
  MYSQL_STMT* const handle = handle_.get();
  const RowsInUse in_use(handle);
  if (mysql_stmt_bind_result(handle, row_->binds().data()) != 0) return false;
  while (true) {
    const int fetched = mysql_stmt_fetch(handle);
    if (fetched == MYSQL_NO_DATA) return true;
    if (fetched != 0 && fetched != MYSQL_DATA_TRUNCATED) return false;
    if (fetched == MYSQL_DATA_TRUNCATED && !row_->FetchLongValues(handle)) return false;
    on_row(*row_);
    ++rows;
  }
}

std::int64_t MysqlStatement::matched_rows() const {
  const my_ulonglong rows = mysql_stmt_affected_rows(handle_.get());
  return rows == MYSQL_COUNT_ERROR ? 0 : static_cast<std::int64_t>(rows);
}

unsigned int MysqlStatement::error_code() const {
  return handle_ ? mysql_stmt_errno(handle_.get()) : CR_OUT_OF_MEMORY;
}

std::string_view MysqlStatement::error_text() const {
  return handle_ ? mysql_stmt_error(handle_.get()) : "libmariadb is out of memory";
}

}  // namespace satchel
