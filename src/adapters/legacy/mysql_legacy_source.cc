#include "adapters/legacy/mysql_legacy_source.h"

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "adapters/legacy/source_refusal.h"
#include "adapters/legacy/table_columns.h"
#include "adapters/sql/mysql_connection.h"

namespace satchel {
namespace {

constexpr std::chrono::seconds kConnectTimeMax{10};

/// Not even by mistake is anything written to the source.
constexpr std::string_view kReadOnly = "SET SESSION TRANSACTION READ ONLY";
/// TiDB knows no such transactions, and would end ours while the rows of a batch are stored.
constexpr std::string_view kPatientTidb = "SET SESSION tidb_idle_transaction_timeout = 0";

/// nullopt: another try may do.
std::optional<Status> RefusalOf(MysqlRefusal refusal, const LegacySourceSpec& spec,
                                const std::string& words) {
  switch (refusal) {
    case MysqlRefusal::kNone:
      return std::nullopt;
    case MysqlRefusal::kLogin:
      return RefuseLogin(spec.address, words);
    case MysqlRefusal::kRights:
      return RefuseRight(spec, words);
    case MysqlRefusal::kDatabase:
      return RefuseDatabase(spec.address, words);
    case MysqlRefusal::kTls:
      return RefuseServer(spec.address, words);
  }
  return std::nullopt;
}

std::optional<std::string> ValueOf(const SqlRow& row, int column) {
  if (row.IsNull(column)) return std::nullopt;
  return std::string(row.Text(column));
}

ColumnKind KindOf(std::string_view type) {
  if (type.ends_with("int")) return ColumnKind::kInteger;
  if (type == "timestamp" || type == "datetime" || type == "date") return ColumnKind::kTime;
  if (type.ends_with("char") || type.ends_with("text") || type.ends_with("blob") ||
      type.ends_with("binary") || type == "uuid") {
    return ColumnKind::kText;
  }
  return ColumnKind::kOther;
}

/// Whether its values, as they are sent, have as many bytes as they have in the table.
bool IsUtf8OrBytes(const std::string& charset) {
  return charset.empty() || charset.starts_with("utf8") || charset == "ascii" ||
         charset == "binary";
}

class MysqlLegacySource final : public LegacySource {
 public:
  MysqlLegacySource(std::unique_ptr<MysqlConnection> connection, LegacySourceSpec spec)
      : connection_(std::move(connection)), spec_(std::move(spec)) {}

  /// Begins the transaction and looks into the table.
  Status Begin(const CallContext& call) {
    connection_->WorkFor(&call);
    if (connection_->server() != MysqlServer::kTidb) {
      const auto read_only = connection_->ExecuteScript(kReadOnly);
      if (!read_only.ok()) return ErrorOf(read_only.error());
    } else if (const auto patient = connection_->ExecuteScript(kPatientTidb);
               !patient.ok() && connection_->broken()) {
      return ErrorOf(patient.error());
    }
    const auto begun = connection_->Begin(MysqlConnection::Transaction::kSnapshot);
    if (!begun.ok()) return ErrorOf(begun.error());
    SATCHEL_RETURN_IF_ERROR(FindTable());
    std::int64_t rows = 0;
    std::int64_t ids = 0;
    std::int64_t distinct_ids = 0;
    SATCHEL_RETURN_IF_ERROR(Query("SELECT COUNT(*), COUNT(CASE WHEN " + id_ +
                                      " <= 9223372036854775807 THEN 1 END), COUNT(DISTINCT " + id_ +
                                      ") FROM " + table_,
                                  {}, [&](const SqlRow& row) {
                                    rows = row.Int64(0);
                                    ids = row.Int64(1);
                                    distinct_ids = row.Int64(2);
                                  }));
    return CheckKey(spec_.table, id_, rows, ids, distinct_ids);
  }

  Result<LegacySize> Measure(const CallContext& call) override {
    connection_->WorkFor(&call);
    LegacySize size;
    SATCHEL_RETURN_IF_ERROR(
        Query("SELECT COUNT(*), COALESCE(SUM(" + length_ + "), 0) FROM " + table_, {},
              [&](const SqlRow& row) { size = {.rows = row.Int64(0), .bytes = row.Int64(1)}; }));
    return size;
  }

  Result<std::vector<LegacyRow>> ReadRows(const CallContext& call,
                                          std::optional<std::int64_t> after, int limit) override {
    using Limits = std::numeric_limits<std::int64_t>;
    std::vector<LegacyRow> rows;
    if (after == Limits::max()) return rows;
    connection_->WorkFor(&call);
    SATCHEL_RETURN_IF_ERROR(Query("SELECT " + row_columns_ + " FROM " + table_ + " WHERE " + id_ +
                                      " >= ? ORDER BY " + id_ + " LIMIT ?",
                                  {after ? *after + 1 : Limits::min(), std::int64_t{limit}},
                                  [&](const SqlRow& row) {
                                    LegacyRow found{.id = row.Int64(0),
                                                    .teacher = ValueOf(row, 1),
                                                    .source = ValueOf(row, 2),
                                                    .timestamp = ValueOf(row, 3),
                                                    .text_bytes = {}};
                                    if (!row.IsNull(4)) found.text_bytes = row.Int64(4);
                                    rows.push_back(std::move(found));
                                  }));
    return rows;
  }

  Status ReadTexts(const CallContext& call, std::int64_t first, std::int64_t last,
                   const OnText& on_text) override {
    connection_->WorkFor(&call);
    Status refused;
    SATCHEL_RETURN_IF_ERROR(Query("SELECT " + id_ + ", " + text_ + " FROM " + table_ + " WHERE " +
                                      id_ + " >= ? AND " + id_ + " <= ?",
                                  {first, last}, [&](const SqlRow& row) {
                                    if (!refused.ok() || row.IsNull(1)) return;
                                    refused = on_text(row.Int64(0), row.Text(1));
                                  }));
    return refused;
  }

 private:
  Status Query(const std::string& sql, std::initializer_list<SqlValue> values,
               const SqlConnection::RowCallback& on_row) {
    const auto rows = connection_->Query(sql, values, on_row);
    return rows.ok() ? Status() : ErrorOf(rows.error());
  }

  Status ErrorOf(const SqlError& error) const {
    if (error.failure == SqlFailure::kInterrupted) return ToStatus(error);
    if (auto refusal = RefusalOf(connection_->refusal(), spec_, error.text)) return *refusal;
    if (error.failure == SqlFailure::kOther) {
      return ConfigurationError("the source database refused: " + error.text);
    }
    return Status(Reason::kDatabaseUnavailable, "the source database went away; try again")
        .WithCause(error.text);
  }

  /// Refused: the user may not read it. OK also when there is none.
  Status AskForTable() {
    const auto rows =
        connection_->Query("SELECT 1 FROM " + QuoteIdentifier(spec_.table, '`') + " LIMIT 0", {},
                           [](const SqlRow&) {});
    if (rows.ok() || connection_->refusal() != MysqlRefusal::kRights) return {};
    return ErrorOf(rows.error());
  }

  Status FindTable() {
    std::vector<FoundColumn> found;
    std::vector<std::pair<std::string, std::string>> charsets;
    SATCHEL_RETURN_IF_ERROR(
        Query("SELECT column_name, data_type, COALESCE(character_set_name, '') "
              "FROM information_schema.columns "
              "WHERE table_schema = DATABASE() AND table_name = ? ORDER BY ordinal_position",
              {spec_.table}, [&](const SqlRow& row) {
                found.push_back({.name = std::string(row.Text(0)),
                                 .type = std::string(row.Text(1)),
                                 .kind = KindOf(row.Text(1))});
                charsets.emplace_back(row.Text(0), row.Text(2));
              }));
    // What a user has no right to is not shown: this tells it from what is not there.
    if (found.empty()) {
      SATCHEL_RETURN_IF_ERROR(AskForTable());
    }
    SATCHEL_ASSIGN_OR_RETURN(const LegacyColumns columns,
                             ResolveColumns(spec_.table, spec_.columns, found));
    const auto quoted = [](const std::string& name) { return QuoteIdentifier(name, '`'); };
    const auto as_text = [&](const std::string& name) {
      return "CAST(" + (name.empty() ? "NULL" : quoted(name)) + " AS CHAR)";
    };
    table_ = quoted(spec_.table);
    id_ = quoted(columns.id);
    text_ = quoted(columns.text);
    length_ = "LENGTH(" + text_ + ")";
    for (const auto& [name, charset] : charsets) {
      if (name == columns.text && !IsUtf8OrBytes(charset)) {
        length_ = "LENGTH(CONVERT(" + text_ + " USING utf8mb4))";
      }
    }
    row_columns_ = id_ + ", " + as_text(columns.teacher) + ", " + as_text(columns.source) + ", " +
                   as_text(columns.timestamp) + ", " + length_;
    return {};
  }

  const std::unique_ptr<MysqlConnection> connection_;
  const LegacySourceSpec spec_;
  std::string table_;  // quoted, as are all of these
  std::string id_;
  std::string text_;
  std::string length_;  ///< of the text as it is sent, in bytes
  std::string row_columns_;
};

}  // namespace

Result<std::unique_ptr<LegacySource>> OpenMysqlLegacySource(const CallContext& call,
                                                            const LegacySourceSpec& spec) {
  const LegacyAddress& address = spec.address;
  const MysqlOptions options{.host = address.host,
                             .port = address.port,
                             .user = address.user,
                             .password = address.password,
                             .database = address.database,
                             .ca = address.ca_file};
  MysqlConnection::Opened opened = MysqlConnection::Open(
      {options, address.ca_file}, std::chrono::steady_clock::now() + kConnectTimeMax, &call);
  if (const auto* const failure = std::get_if<MysqlConnection::OpenFailure>(&opened)) {
    if (auto refusal = RefusalOf(failure->refusal, spec, failure->error.text)) return *refusal;
    return Status(Reason::kDatabaseUnavailable,
                  "cannot connect to the source database: " + failure->error.text);
  }
  auto source = std::make_unique<MysqlLegacySource>(
      std::get<std::unique_ptr<MysqlConnection>>(std::move(opened)), spec);
  SATCHEL_RETURN_IF_ERROR(source->Begin(call));
  return std::unique_ptr<LegacySource>(std::move(source));
}

}  // namespace satchel
