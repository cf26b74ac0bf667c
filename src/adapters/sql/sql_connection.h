/// The driver port of this adapter: one connection to one SQL database.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/status.h"
#include "base/time.h"

namespace satchel {

/// Why a statement failed, told from the driver's codes, never from its texts.
enum class SqlFailure : std::uint8_t {
  kUnavailable,      ///< not reachable or not usable now; known not to have happened
  kRetryable,        ///< lost against another transaction; known not to have happened
  kUniqueViolation,  ///< a unique key is taken; the transaction goes on
  kOutcomeUnknown,   ///< it may have happened
  kFull,             ///< no space left; known not to have happened
  kCorrupt,          ///< the data is damaged, or is no database
  kReadOnly,         ///< no writes now, reads go on; known not to have happened
  kDenied,           ///< the account lacks a right; known not to have happened
  kInterrupted,      ///< the caller's deadline passed, or it cancelled
  kOther,            ///< a bug
};

struct SqlError {
  SqlFailure failure = SqlFailure::kOther;
  std::string text;  ///< the driver's own words and code, for the log
};

/// The error as callers of the metadata store see it.
Status ToStatus(const SqlError& error);

/// A T or the SqlError that says why there is none.
template <typename T>
class [[nodiscard]] SqlResult {
 public:
  // Implicit on purpose, as in Result.
  SqlResult(T value) : state_(std::move(value)) {}         // NOLINT(google-explicit-constructor)
  SqlResult(SqlError error) : state_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return std::holds_alternative<T>(state_); }
  bool Is(SqlFailure failure) const { return !ok() && error().failure == failure; }
  /// Precondition: not ok().
  const SqlError& error() const { return std::get<SqlError>(state_); }
  Status status() const { return ok() ? Status() : ToStatus(error()); }

  // Precondition: ok().
  T&& value() && { return std::get<T>(std::move(state_)); }
  const T& operator*() const { return std::get<T>(state_); }

 private:
  std::variant<SqlError, T> state_;
};

/// A bound value. Text is not copied: it lives as long as the call.
using SqlValue = std::variant<std::nullptr_t, std::int64_t, std::string_view, Timestamp>;

/// The row that a query stands on. What it hands out is valid until the row callback returns.
class SqlRow {
 public:
  virtual bool IsNull(int column) const = 0;
  /// 0 for NULL.
  virtual std::int64_t Int64(int column) const = 0;
  /// Empty for NULL.
  virtual std::string_view Text(int column) const = 0;
  /// 1970-01-01 for NULL.
  virtual Timestamp Time(int column) const = 0;

 protected:
  ~SqlRow() = default;
};

/// Not thread-safe. Statements are prepared once per connection and text: give it few texts, with
/// every value bound to a `?`.
class SqlConnection {
 public:
  using RowCallback = std::function<void(const SqlRow&)>;

  virtual ~SqlConnection() = default;

  /// Runs a statement without rows; returns how many rows matched it.
  virtual SqlResult<std::int64_t> Execute(std::string_view sql,
                                          std::span<const SqlValue> values) = 0;
  /// Runs a statement with rows; returns how many there were.
  virtual SqlResult<std::int64_t> Query(std::string_view sql, std::span<const SqlValue> values,
                                        const RowCallback& on_row) = 0;
  /// Runs all statements of `script` in order, none prepared for later; returns how many.
  virtual SqlResult<std::int64_t> ExecuteScript(std::string_view script) = 0;

  SqlResult<std::int64_t> Execute(std::string_view sql,
                                  std::initializer_list<SqlValue> values = {}) {
    return Execute(sql, std::span<const SqlValue>(values.begin(), values.size()));
  }
  SqlResult<std::int64_t> Query(std::string_view sql, std::initializer_list<SqlValue> values,
                                const RowCallback& on_row) {
    return Query(sql, std::span<const SqlValue>(values.begin(), values.size()), on_row);
  }
};

}  // namespace satchel
