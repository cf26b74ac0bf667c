#include "adapters/legacy/table_columns.h"

#include <initializer_list>

#include "base/text.h"

namespace satchel {
namespace {

std::string ListOf(const std::vector<FoundColumn>& found) {
  std::string text;
  for (const FoundColumn& column : found) {
    text.append(text.empty() ? "" : ", ").append(column.name).append(" ").append(column.type);
  }
  return text;
}

/// The column of this name; one that differs in case only, when there is exactly one.
const FoundColumn* Find(const std::vector<FoundColumn>& found, const std::string& name) {
  const FoundColumn* similar = nullptr;
  int similar_columns = 0;
  for (const FoundColumn& column : found) {
    if (column.name == name) return &column;
    if (ToLowerAscii(column.name) != ToLowerAscii(name)) continue;
    similar = &column;
    ++similar_columns;
  }
  return similar_columns == 1 ? similar : nullptr;
}

/// What the checks of one table have in common.
struct TableCheck {
  const std::string& table;
  const std::vector<FoundColumn>& found;

  /// Checks `wanted`, known to `--map` as `key`, and puts in the name that it has.
  Status Resolve(const std::string& key, std::initializer_list<ColumnKind> kinds,
                 std::string_view kinds_text, std::string& wanted) const {
    const FoundColumn* column = Find(found, wanted);
    if (column == nullptr) {
      return ConfigurationError("the table " + table + " has no column " + wanted + "; it has: " +
                                ListOf(found) + " (--map " + key + "=COLUMN names another)");
    }
    wanted = column->name;
    if (column->kind == ColumnKind::kAny) return {};
    for (const ColumnKind kind : kinds) {
      if (column->kind == kind) return {};
    }
    return ConfigurationError("the column " + wanted + " of the table " + table + " is of type " +
                              column->type + ", must be " + std::string(kinds_text) + " (--map " +
                              key + "=COLUMN names another)");
  }
};

}  // namespace

Result<LegacyColumns> ResolveColumns(const std::string& table, const LegacyColumns& wanted,
                                     const std::vector<FoundColumn>& found) {
  if (found.empty()) {
    return ConfigurationError("there is no table " + table + " (--table names another)");
  }
  const TableCheck check{table, found};
  LegacyColumns columns = wanted;
  SATCHEL_RETURN_IF_ERROR(
      check.Resolve("id", {ColumnKind::kInteger}, "a whole number", columns.id));
  SATCHEL_RETURN_IF_ERROR(check.Resolve("teacherId", {ColumnKind::kText, ColumnKind::kInteger},
                                        "text", columns.teacher));
  SATCHEL_RETURN_IF_ERROR(check.Resolve("context_data", {ColumnKind::kText}, "text", columns.text));
  if (!columns.source.empty()) {
    SATCHEL_RETURN_IF_ERROR(check.Resolve("source", {ColumnKind::kText}, "text", columns.source));
  }
  if (!columns.timestamp.empty()) {
    SATCHEL_RETURN_IF_ERROR(check.Resolve("timestamp", {ColumnKind::kTime, ColumnKind::kText},
                                          "a time or text", columns.timestamp));
  }
  return columns;
}

std::string QuoteIdentifier(std::string_view name, char quote) {
  std::string quoted(1, quote);
  for (const char c : name) {
    if (c == quote) quoted += quote;
    quoted += c;
  }
  return quoted + quote;
}

Status CheckKey(const std::string& table, const std::string& column, std::int64_t rows,
                std::int64_t ids, std::int64_t distinct_ids) {
  if (ids == rows && distinct_ids == rows) return {};
  return ConfigurationError("the column " + column + " of the table " + table + " is no key: of " +
                            std::to_string(rows) + " rows " + std::to_string(rows - ids) +
                            " have no whole number in it, and " +
                            std::to_string(ids - distinct_ids) +
                            " one that another row has too (--map id=COLUMN names another)");
}

}  // namespace satchel
