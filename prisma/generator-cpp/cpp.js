// C++ for what schema.js found: enums, rows, lists of columns, and the way between rows and SQL.

export const NOTE = `Written by prisma/generator-cpp from prisma/schema.prisma: change that one,
/// then run \`make prisma\`.`;

const COLUMN_LIST_WIDTH = 80;

/// COMPLETED or half_done to kCompleted, kHalfDone.
function constantOf(value) {
  const words = value.toLowerCase().split('_').filter((word) => word !== '');
  return `k${words.map((word) => word[0].toUpperCase() + word.slice(1)).join('')}`;
}

/// UserUsage to USER_USAGE.
function macroOf(model) {
  return model.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase();
}

const comment = (lines) => lines.map((line) => `/// ${line}\n`).join('');

/// A list of names as one string literal of several lines, for the inside of a macro.
function literalOf(names) {
  const lines = [''];
  names.forEach((name, position) => {
    const text = position + 1 < names.length ? `${name}, ` : name;
    if (lines.at(-1).length + text.length > COLUMN_LIST_WIDTH) lines.push('');
    lines[lines.length - 1] += text;
  });
  return lines.map((line) => `"${line}"`).join(' \\\n  ');
}

function enumDeclaration({ name, documentation, values }) {
  return `${comment(documentation)}enum class ${name} : std::uint8_t {
${values.map(constantOf).join(', ')} };

/// As the database has it.
std::string_view NameOf(${name} value);
/// nullopt: the database has another value, as a newer schema may.
std::optional<${name}> Parse${name}(std::string_view name);
`;
}

function enumDefinition({ name, values }) {
  const cases = values.map((value) =>
    `case ${name}::${constantOf(value)}: return "${value}";`).join('\n');
  const all = values.map((value) => `${name}::${constantOf(value)}`).join(', ');
  return `std::string_view NameOf(${name} value) {
  switch (value) {
${cases}
  }
  return "";
}

std::optional<${name}> Parse${name}(std::string_view name) {
  for (const ${name} value : {${all}}) {
    if (NameOf(value) == name) return value;
  }
  return std::nullopt;
}
`;
}

/// Required columns have no default, so that the compiler finds who leaves one out.
function memberOf({ name, documentation, cppType, isEnum, nullable }) {
  const type = nullable || isEnum ? `std::optional<${cppType}>` : cppType;
  return `${comment(documentation)}${type} ${name}${nullable ? ' = std::nullopt' : ''};\n`;
}

function columnMacros(table) {
  const macro = macroOf(table.model);
  const names = table.columns.map(({ column }) => column);
  const marks = names.map(() => '?');
  let text = `/// The columns of ${table.table} in the order of Read${table.model}Row(); a macro so that
/// statements stay constant texts.
#define SATCHEL_${macro}_COLUMNS \\
  ${literalOf(names)}
`;
  if (table.columns.some(({ unlisted }) => unlisted)) {
    const listed = table.columns.map(({ unlisted, column }) => (unlisted ? 'NULL' : column));
    text += `
/// The same without what no listing shows.
#define SATCHEL_${macro}_LISTED_COLUMNS \\
  ${literalOf(listed)}
`;
  }
  return `${text}
/// Its values: ValuesOf() of a row.
#define SATCHEL_INSERT_${macro} \\
  "INSERT INTO ${table.table} (" SATCHEL_${macro}_COLUMNS ") VALUES (" \\
  ${literalOf(marks)} ")"
`;
}

function tableDeclaration(table) {
  const { model, columns } = table;
  return `/// A row of ${table.table}. Texts are not copied: they live as long as what they come from.
${comment(table.documentation)}struct ${model}Row {
${columns.map(memberOf).join('')}};

inline constexpr int k${model}Columns = ${columns.length};

${columnMacros(table)}
/// The row of a query whose columns begin with those above.
${model}Row Read${model}Row(const SqlRow& row);
std::array<SqlValue, k${model}Columns> ValuesOf(const ${model}Row& row);
`;
}

function readingOf({ type, isEnum, nullable }, position) {
  if (isEnum) return `Parse${type}(row.Text(${position}))`;
  const plain = {
    String: `row.Text(${position})`,
    Int: `static_cast<std::int32_t>(row.Int64(${position}))`,
    BigInt: `row.Int64(${position})`,
    DateTime: `row.Time(${position})`,
  }[type];
  const method = { String: 'Text', Int: 'Int32', BigInt: 'Int64', DateTime: 'Time' }[type];
  return nullable ? `Optional${method}(row, ${position})` : plain;
}

function valueOf({ name, type, isEnum, nullable }) {
  if (isEnum) return `row.${name} ? SqlValue(NameOf(*row.${name})) : SqlValue(nullptr)`;
  if (nullable) return `OptionalValue(row.${name})`;
  return type === 'Int' ? `std::int64_t{row.${name}}` : `row.${name}`;
}

function tableDefinition({ model, columns }) {
  const readings = columns.map((column, position) =>
    `.${column.name} = ${readingOf(column, position)}`);
  return `${model}Row Read${model}Row(const SqlRow& row) {
  return {${readings.join(',\n')}};
}

std::array<SqlValue, k${model}Columns> ValuesOf(const ${model}Row& row) {
  return {${columns.map(valueOf).join(',\n')}};
}
`;
}

const OPTIONAL_READERS = {
  String: `std::optional<std::string_view> OptionalText(const SqlRow& row, int column) {
  return row.IsNull(column) ? std::nullopt : std::optional(row.Text(column));
}
`,
  Int: `std::optional<std::int32_t> OptionalInt32(const SqlRow& row, int column) {
  if (row.IsNull(column)) return std::nullopt;
  return static_cast<std::int32_t>(row.Int64(column));
}
`,
  BigInt: `std::optional<std::int64_t> OptionalInt64(const SqlRow& row, int column) {
  return row.IsNull(column) ? std::nullopt : std::optional(row.Int64(column));
}
`,
  DateTime: `std::optional<Timestamp> OptionalTime(const SqlRow& row, int column) {
  return row.IsNull(column) ? std::nullopt : std::optional(row.Time(column));
}
`,
};

const OPTIONAL_VALUE = `template <typename T>
SqlValue OptionalValue(const std::optional<T>& value) {
  return value ? SqlValue(*value) : SqlValue(nullptr);
}
`;

/// The helpers that the nullable columns of these tables need, and no others.
function helpersOf(tables) {
  const nullable = tables.flatMap(({ columns }) => columns)
    .filter((column) => column.nullable && !column.isEnum);
  const readers = Object.keys(OPTIONAL_READERS)
    .filter((type) => nullable.some((column) => column.type === type))
    .map((type) => OPTIONAL_READERS[type]);
  if (readers.length === 0) return '';
  return `namespace {

${[...readers, OPTIONAL_VALUE].join('\n')}
}  // namespace

`;
}

export function renderHeader({ enums, tables }) {
  return `/// ${NOTE}
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "adapters/sql/sql_connection.h"
#include "base/time.h"

namespace satchel {

${[...enums.map(enumDeclaration), ...tables.map(tableDeclaration)].join('\n')}
}  // namespace satchel
`;
}

export function renderSource({ enums, tables }) {
  return `/// ${NOTE}
#include "adapters/sql/generated/schema.h"

namespace satchel {
${helpersOf(tables)}${[...enums.map(enumDefinition), ...tables.map(tableDefinition)].join('\n')}
}  // namespace satchel
`;
}
