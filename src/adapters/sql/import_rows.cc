#include "adapters/sql/import_rows.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "adapters/sql/document_rows.h"
#include "adapters/sql/sql_metadata_store.h"

namespace satchel {
namespace {

/// Names that one statement looks up; the last chunk repeats its last name to the full number.
constexpr std::size_t kLookupKeys = 64;

std::string NameLookup() {
  std::string sql = "SELECT " SATCHEL_DOCUMENT_COLUMNS " FROM rag_document WHERE path IN (?";
  for (std::size_t i = 1; i < kLookupKeys; ++i) sql += ", ?";
  return sql + ")";
}

}  // namespace

Status RecordImport(SqlConnection& connection, const SqlDialect& dialect, const SourceRow& row,
                    const Document& document) {
  auto inserted =
      connection.Execute(std::string("INSERT INTO satchel_import (source, row_id, document_id, "
                                     "user_id, size, sha256, imported_at) "
                                     "VALUES (?, ?, ?, ?, ?, ?, ")
                             .append(dialect.now_expression())
                             .append(")"),
                         {row.source, row.row_id, document.id.value(), document.user.value(),
                          document.size, document.sha256.value(), dialect.now_value()});
  if (!inserted.Is(SqlFailure::kUniqueViolation)) return inserted.status();
  return Status(Reason::kDocumentAlreadyExists, "the row was imported already")
      .WithResource(document.id.value());
}

Result<std::vector<ImportEntry>> SqlMetadataStore::ListImported(const CallContext& call,
                                                                const ImportQuery& query) {
  using Limits = std::numeric_limits<std::int64_t>;
  std::vector<ImportEntry> entries;
  const auto list = [&](SqlConnection& connection) -> Status {
    entries.clear();
    auto rows = connection.Query(
        "SELECT row_id, document_id, user_id, size, sha256 FROM satchel_import "
        "WHERE source = ? AND row_id >= ? AND row_id <= ? ORDER BY row_id LIMIT ?",
        {query.source, query.after ? *query.after + 1 : Limits::min(),
         query.until.value_or(Limits::max()), std::int64_t{query.limit}},
        [&](const SqlRow& row) {
          entries.push_back({.row_id = row.Int64(0),
                             .document = DocumentId(std::string(row.Text(1))),
                             .user = UserId(std::string(row.Text(2))),
                             .size = row.Int64(3),
                             .sha256 = ContentHash(std::string(row.Text(4)))});
        });
    return rows.status();
  };
  // No row id lies above the last one.
  if (query.after == Limits::max()) return entries;
  SATCHEL_RETURN_IF_ERROR(database_->Read(call, ReadScope::kStatement, list));
  return entries;
}

Result<std::vector<std::string>> SqlMetadataStore::ListSources(const CallContext& call) {
  std::vector<std::string> sources;
  const auto list = [&](SqlConnection& connection) -> Status {
    sources.clear();
    std::size_t known = 0;
    // One step along the key for each: the book may be large, and has few sources.
    do {
      known = sources.size();
      const std::string last = sources.empty() ? "" : sources.back();
      const auto found = connection.Query(
          "SELECT source FROM satchel_import WHERE source > ? ORDER BY source LIMIT 1", {last},
          [&](const SqlRow& row) { sources.emplace_back(row.Text(0)); });
      if (!found.ok()) return found.status();
    } while (sources.size() > known);
    return {};
  };
  SATCHEL_RETURN_IF_ERROR(database_->Read(call, ReadScope::kStatement, list));
  return sources;
}

Status SqlMetadataStore::RemoveImported(const CallContext& call, const SourceRow& row) {
  return database_->Write(call, Durability::kProcess, [&](SqlConnection& connection) {
    return connection
        .Execute("DELETE FROM satchel_import WHERE source = ? AND row_id = ?",
                 {row.source, row.row_id})
        .status();
  });
}

Result<std::vector<Document>> SqlMetadataStore::FindNameHolders(
    const CallContext& call, const std::vector<std::string>& paths) {
  static const std::string kSql = NameLookup();
  std::vector<Document> holders;
  const auto find = [&](SqlConnection& connection) -> Status {
    holders.clear();
    std::vector<SqlValue> chunk(kLookupKeys);
    for (std::size_t first = 0; first < paths.size(); first += kLookupKeys) {
      for (std::size_t i = 0; i < kLookupKeys; ++i) {
        chunk[i] = paths[std::min(first + i, paths.size() - 1)];
      }
      SATCHEL_ASSIGN_OR_RETURN(auto found, QueryDocuments(connection, kSql, chunk));
      for (Document& holder : found) holders.push_back(std::move(holder));
    }
    return {};
  };
  SATCHEL_RETURN_IF_ERROR(database_->Read(call, ReadScope::kStatement, find));
  return holders;
}

}  // namespace satchel
