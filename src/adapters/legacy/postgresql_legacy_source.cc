#include "adapters/legacy/postgresql_legacy_source.h"

#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <utility>

#include "adapters/legacy/postgresql_connect.h"
#include "adapters/legacy/source_refusal.h"
#include "adapters/legacy/table_columns.h"

namespace satchel {
namespace {

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Rows = std::unique_ptr<PGresult, ClearResult>;

/// What a database's encoding is called that takes any bytes.
constexpr const char* kNoEncoding = "SQL_ASCII";

/// What a statement's failure is, told from its SQLSTATE: classes 08 and 57 are the server's going
/// away, 53 its being out of something, 40 a conflict.
Status ErrorOf(PGconn* connection, const PGresult* result, const LegacySourceSpec& spec) {
  const char* const state =
      result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const std::string_view code = state == nullptr ? "" : state;
  const std::string text = PostgresqlMessage(connection);
  const bool gone = PQstatus(connection) != CONNECTION_OK || code.starts_with("08") ||
                    code.starts_with("57") || code.starts_with("53") || code.starts_with("40");
  if (gone) {
    return Status(Reason::kDatabaseUnavailable, "the source database went away; try again")
        .WithCause(text);
  }
  if (IsPostgresqlRightMissing(code)) return RefuseRight(spec, text);
  return ConfigurationError("the source database refused: " + text);
}

/// In which encoding the database stores text.
std::string_view EncodingOf(const PGconn* connection) {
  const char* const encoding = PQparameterStatus(connection, "server_encoding");
  return encoding == nullptr ? "" : encoding;
}

std::int64_t ToInt64(std::string_view text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string_view ViewOf(const Rows& rows, int row, int column) {
  return {PQgetvalue(rows.get(), row, column),
          static_cast<std::size_t>(PQgetlength(rows.get(), row, column))};
}

std::optional<std::string> ValueOf(const Rows& rows, int row, int column) {
  if (PQgetisnull(rows.get(), row, column) != 0) return std::nullopt;
  return std::string(ViewOf(rows, row, column));
}

ColumnKind KindOf(std::string_view type_name, std::string_view category) {
  if (type_name == "int2" || type_name == "int4" || type_name == "int8") {
    return ColumnKind::kInteger;
  }
  if (type_name == "timestamp" || type_name == "timestamptz" || type_name == "date") {
    return ColumnKind::kTime;
  }
  if (category == "S" || type_name == "uuid") return ColumnKind::kText;
  return ColumnKind::kOther;
}

class PostgresqlLegacySource final : public LegacySource {
 public:
  PostgresqlLegacySource(PostgresqlConnection connection, LegacySourceSpec spec)
      : connection_(std::move(connection)), spec_(std::move(spec)) {}

  /// Begins the transaction and looks into the table.
  Status Begin() {
    for (const char* const sql :
         {"SET TIME ZONE 'UTC'", "SET DateStyle = 'ISO'", "SET statement_timeout = 0",
          "SET idle_in_transaction_session_timeout = 0",
          "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"}) {
      SATCHEL_RETURN_IF_ERROR(Query(sql, {}).status());
    }
    const std::size_t dot = spec_.table.find('.');
    const std::string schema = dot == std::string::npos ? "" : spec_.table.substr(0, dot);
    const std::string name = dot == std::string::npos ? spec_.table : spec_.table.substr(dot + 1);
    SATCHEL_ASSIGN_OR_RETURN(const std::vector<FoundColumn> found, FindColumns(schema, name));
    SATCHEL_ASSIGN_OR_RETURN(const LegacyColumns columns,
                             ResolveColumns(spec_.table, spec_.columns, found));
    const std::string_view encoding = EncodingOf(connection_.get());
    const auto quoted = [](const std::string& column) { return QuoteIdentifier(column, '"'); };
    const auto as_text = [&](const std::string& column) {
      return (column.empty() ? std::string("NULL") : quoted(column)) + "::text";
    };
    table_ = (schema.empty() ? "" : quoted(schema) + ".") + quoted(name);
    id_ = quoted(columns.id);
    text_ = as_text(columns.text);
    const bool as_stored = encoding == "UTF8" || encoding == kNoEncoding;
    length_ = "octet_length(" + (as_stored ? text_ : "convert_to(" + text_ + ", 'UTF8')") + ")";
    row_columns_ = id_ + ", " + as_text(columns.teacher) + ", " + as_text(columns.source) + ", " +
                   as_text(columns.timestamp) + ", " + length_;
    SATCHEL_ASSIGN_OR_RETURN(
        const Rows key,
        Query("SELECT count(*), count(" + id_ + "), count(DISTINCT " + id_ + ") FROM " + table_,
              {}));
    return CheckKey(spec_.table, columns.id, ToInt64(ViewOf(key, 0, 0)), ToInt64(ViewOf(key, 0, 1)),
                    ToInt64(ViewOf(key, 0, 2)));
  }

  Result<LegacySize> Measure(const CallContext& call) override {
    SATCHEL_RETURN_IF_ERROR(call.Check());
    SATCHEL_ASSIGN_OR_RETURN(
        const Rows rows,
        Query("SELECT count(*), COALESCE(sum(" + length_ + "), 0) FROM " + table_, {}));
    return LegacySize{.rows = ToInt64(ViewOf(rows, 0, 0)), .bytes = ToInt64(ViewOf(rows, 0, 1))};
  }

  Result<std::vector<LegacyRow>> ReadRows(const CallContext& call,
                                          std::optional<std::int64_t> after, int limit) override {
    using Limits = std::numeric_limits<std::int64_t>;
    std::vector<LegacyRow> found;
    SATCHEL_RETURN_IF_ERROR(call.Check());
    if (after == Limits::max()) return found;
    SATCHEL_ASSIGN_OR_RETURN(
        const Rows rows,
        Query("SELECT " + row_columns_ + " FROM " + table_ + " WHERE " + id_ +
                  " >= $1::bigint ORDER BY " + id_ + " LIMIT $2::bigint",
              {std::to_string(after ? *after + 1 : Limits::min()), std::to_string(limit)}));
    for (int i = 0; i < PQntuples(rows.get()); ++i) {
      LegacyRow row{.id = ToInt64(ViewOf(rows, i, 0)),
                    .teacher = ValueOf(rows, i, 1),
                    .source = ValueOf(rows, i, 2),
                    .timestamp = ValueOf(rows, i, 3),
                    .text_bytes = {}};
      if (const auto bytes = ValueOf(rows, i, 4)) row.text_bytes = ToInt64(*bytes);
      found.push_back(std::move(row));
    }
    return found;
  }

  Status ReadTexts(const CallContext& call, std::int64_t first, std::int64_t last,
                   const OnText& on_text) override {
    SATCHEL_RETURN_IF_ERROR(call.Check());
    SATCHEL_ASSIGN_OR_RETURN(const Rows rows,
                             Query("SELECT " + id_ + ", " + text_ + " FROM " + table_ + " WHERE " +
                                       id_ + " >= $1::bigint AND " + id_ + " <= $2::bigint",
                                   {std::to_string(first), std::to_string(last)}));
    for (int i = 0; i < PQntuples(rows.get()); ++i) {
      if (PQgetisnull(rows.get(), i, 1) != 0) continue;
      SATCHEL_RETURN_IF_ERROR(on_text(ToInt64(ViewOf(rows, i, 0)), ViewOf(rows, i, 1)));
    }
    return {};
  }

 private:
  Result<Rows> Query(const std::string& sql, std::initializer_list<std::string> values) {
    std::vector<const char*> parameters;
    for (const std::string& value : values) parameters.push_back(value.c_str());
    constexpr int kTextFormat = 0;
    Rows rows(PQexecParams(connection_.get(), sql.c_str(), static_cast<int>(parameters.size()),
                           nullptr, parameters.data(), nullptr, nullptr, kTextFormat));
    const ExecStatusType status = PQresultStatus(rows.get());
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) return rows;
    return ErrorOf(connection_.get(), rows.get(), spec_);
  }

  Result<std::vector<FoundColumn>> FindColumns(const std::string& schema,
                                               const std::string& table) {
    SATCHEL_ASSIGN_OR_RETURN(
        const Rows rows,
        Query("SELECT a.attname, format_type(a.atttypid, a.atttypmod), t.typname, t.typcategory "
              "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
              "JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid "
              "WHERE c.relname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f') "
              "AND a.attnum > 0 AND NOT a.attisdropped "
              "AND CASE $2 WHEN '' THEN pg_table_is_visible(c.oid) ELSE n.nspname = $2 END "
              "ORDER BY a.attnum",
              {table, schema}));
    std::vector<FoundColumn> found;
    found.reserve(static_cast<std::size_t>(PQntuples(rows.get())));
    for (int i = 0; i < PQntuples(rows.get()); ++i) {
      found.push_back({.name = std::string(ViewOf(rows, i, 0)),
                       .type = std::string(ViewOf(rows, i, 1)),
                       .kind = KindOf(ViewOf(rows, i, 2), ViewOf(rows, i, 3))});
    }
    return found;
  }

  PostgresqlConnection connection_;
  const LegacySourceSpec spec_;
  std::string table_;  // quoted, as are all of these
  std::string id_;
  std::string text_;
  std::string length_;  ///< of the text as it is sent, in bytes
  std::string row_columns_;
};

}  // namespace

Result<std::unique_ptr<LegacySource>> OpenPostgresqlLegacySource(const CallContext& call,
                                                                 const LegacySourceSpec& spec) {
  SATCHEL_ASSIGN_OR_RETURN(PostgresqlConnection connection, ConnectPostgresql(call, spec));
  // Asked for UTF-8, such a database would end the whole import at the first byte that is none.
  if (EncodingOf(connection.get()) == kNoEncoding &&
      PQsetClientEncoding(connection.get(), kNoEncoding) != 0) {
    return ErrorOf(connection.get(), nullptr, spec);
  }
  auto source = std::make_unique<PostgresqlLegacySource>(std::move(connection), spec);
  SATCHEL_RETURN_IF_ERROR(source->Begin());
  return std::unique_ptr<LegacySource>(std::move(source));
}

}  // namespace satchel
