// The schema as data, for the tests that hold migrated databases against it.
import { NOTE } from './cpp.js';

const text = (value) => `"${value.replace(/["\\]/g, '\\$&')}"`;

function defaultsOf(value) {
  if (value === null) return ['', ''];
  // SQLite's CURRENT_TIMESTAMP is a text of seconds, where Prisma keeps milliseconds as integers.
  if (value.now) return ['current_timestamp(3)', ''];
  if (value.number !== undefined) return [value.number, value.number];
  return [`'${value.text}'`, `'${value.text}'`];
}

function columnEntry(table, column) {
  const [mysql, sqlite] = defaultsOf(column.defaultValue);
  return `{${[
    text(table.table), text(column.column), text(column.mysqlType), text(column.sqliteType),
    column.nullable, text(mysql), text(sqlite),
  ].join(', ')}}`;
}

function indexEntry(table, { name, columns, unique }) {
  return `{${text(table.table)}, ${text(name)}, ${text(columns.join(', '))}, ${unique}}`;
}

export function renderCatalogue({ tables }) {
  const columns = tables.flatMap((table) =>
    table.columns.map((column) => columnEntry(table, column)));
  const indexes = tables.flatMap((table) =>
    table.indexes.map((index) => indexEntry(table, index)));
  return `/// ${NOTE}
#pragma once

#include <string_view>

namespace satchel {

struct ExpectedColumn {
  std::string_view table;
  std::string_view column;
  std::string_view mysql_type;
  std::string_view sqlite_type;
  bool nullable;
  std::string_view mysql_default;  ///< empty: none
  std::string_view sqlite_default;
};

inline constexpr ExpectedColumn kExpectedColumns[] = {
${columns.join(',\n')},
};

/// SQLite has the unique ones; what else it has is made for its own planner.
struct ExpectedIndex {
  std::string_view table;
  std::string_view name;
  std::string_view columns;
  bool unique;
};

inline constexpr ExpectedIndex kExpectedIndexes[] = {
${indexes.join(',\n')},
};

}  // namespace satchel
`;
}
