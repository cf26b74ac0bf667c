// What the sweeper and fsck ask for.
#include <algorithm>
#include <unordered_set>

#include "adapters/sql/document_rows.h"
#include "adapters/sql/sql_metadata_store.h"
#include "ports/object_key.h"

namespace satchel {
namespace {

/// Values that one statement looks up; the last chunk repeats its last value to the full number.
constexpr std::size_t kLookupValues = 64;

std::string LookupOf(std::string_view column, std::string_view condition) {
  std::string sql = "SELECT ";
  sql.append(column).append(" FROM rag_document WHERE ").append(condition).append(column);
  sql.append(" IN (?");
  for (std::size_t i = 1; i < kLookupValues; ++i) sql += ", ?";
  return sql + ")";
}

/// Of a row whose purge_after is set.
Garbage GarbageOf(const DocumentRow& row) {
  Document document = DocumentOf(row);
  const Timestamp purge_after = row.purge_after.value_or(kPurgeAtOnce);
  const Timestamp due_at = purge_after == kPurgeAtOnce ? document.updated_at : purge_after;
  GarbagePosition position{purge_after, document.id};
  return {std::move(document), due_at, std::move(position)};
}

using TextSet = std::unordered_set<std::string>;

/// Adds to `found` those of `values` that `sql`, made by LookupOf(), finds.
Status Lookup(SqlConnection& connection, const std::string& sql,
              const std::vector<std::string_view>& values, TextSet& found) {
  std::vector<SqlValue> chunk(kLookupValues);
  for (std::size_t first = 0; first < values.size(); first += kLookupValues) {
    for (std::size_t i = 0; i < kLookupValues; ++i) {
      chunk[i] = values[std::min(first + i, values.size() - 1)];
    }
    auto rows = connection.Query(
        sql, chunk, [&](const SqlRow& row) { found.insert(std::string(row.Text(0))); });
    if (!rows.ok()) return rows.status();
  }
  return {};
}

struct KnownObjects {
  TextSet versions;
  TextSet keys;
};

Status LookupObjects(SqlConnection& connection, const std::vector<ObjectRef>& objects,
                     KnownObjects& known) {
  // In two halves, as the indexes of SQLite's schema are.
  static const std::string kByVersion =
      LookupOf("version", "version <> COALESCE(attempt, '') AND ");
  static const std::string kByAttempt = LookupOf("attempt", "version = attempt AND ");
  static const std::string kByPath = LookupOf("path", "version IS NULL AND ");
  // A row that gave up its name keeps the key of its bytes.
  static const std::string kByReleasedKey =
      LookupOf("object_key", "version IS NULL AND status = 'FAILED' AND ");
  std::vector<std::string_view> versions;
  std::vector<std::string_view> keys;
  std::vector<std::string> paths;
  for (const ObjectRef& object : objects) {
    if (!object.version.empty()) versions.emplace_back(object.version.value());
    if (object.key.empty()) continue;
    keys.emplace_back(object.key);
    paths.push_back(PathOfKey(object.key));
    // Of a row whose key is its path, whatever stands in it.
    if (paths.back() != object.key) paths.push_back(object.key);
  }
  known = {};
  SATCHEL_RETURN_IF_ERROR(Lookup(connection, kByVersion, versions, known.versions));
  SATCHEL_RETURN_IF_ERROR(Lookup(connection, kByAttempt, versions, known.versions));
  TextSet known_paths;
  SATCHEL_RETURN_IF_ERROR(Lookup(connection, kByPath, {paths.begin(), paths.end()}, known_paths));
  for (const std::string& path : known_paths) known.keys.insert({path, KeyOfPath(path)});
  return Lookup(connection, kByReleasedKey, keys, known.keys);
}

}  // namespace

Result<std::vector<Document>> SqlMetadataStore::FindExpiredUploads(
    const CallContext& call, std::optional<std::chrono::seconds> expired_for, int limit) {
  std::vector<Document> documents;
  const auto find = [&](SqlConnection& connection) -> Status {
    SATCHEL_ASSIGN_OR_RETURN(const Timestamp now, database_->dialect().Now(connection));
    // From the first time on: an index holds the many rows without a lease before it. Those that
    // another program wrote have none either: they are that program's to end.
    const SqlValue values[] = {Timestamp(), expired_for ? now - *expired_for : Timestamp::max(),
                               std::int64_t{limit}};
    SATCHEL_ASSIGN_OR_RETURN(documents,
                             QueryDocuments(connection,
                                            "SELECT " SATCHEL_DOCUMENT_COLUMNS
                                            " FROM rag_document WHERE status = 'PENDING' "
                                            "AND lease_expires_at > ? "
                                            "AND lease_expires_at <= ? "
                                            "ORDER BY lease_expires_at LIMIT ?",
                                            values));
    return {};
  };
  SATCHEL_RETURN_IF_ERROR(database_->Read(call, ReadScope::kStatement, find));
  return documents;
}

Result<std::vector<Garbage>> SqlMetadataStore::FindGarbage(
    const CallContext& call, const std::optional<GarbagePosition>& after, int limit) {
  const GarbagePosition from = after.value_or(GarbagePosition{Timestamp::min(), DocumentId()});
  std::vector<Garbage> garbage;
  const auto find = [&](SqlConnection& connection) -> Status {
    garbage.clear();
    SATCHEL_ASSIGN_OR_RETURN(const Timestamp now, database_->dialect().Now(connection));
    return connection
        .Query("SELECT " SATCHEL_DOCUMENT_COLUMNS
               " FROM rag_document WHERE status = 'FAILED' "
               "AND purge_after <= ? AND purge_after >= ? AND (purge_after > ? OR id > ?) "
               "ORDER BY purge_after, id LIMIT ?",
               {now, from.purge_after, from.purge_after, from.id.value(), std::int64_t{limit}},
               [&](const SqlRow& row) { garbage.push_back(GarbageOf(ReadDocumentRow(row))); })
        .status();
  };
  SATCHEL_RETURN_IF_ERROR(database_->Read(call, ReadScope::kStatement, find));
  return garbage;
}

Result<std::vector<AttemptId>> SqlMetadataStore::FilterKnownAttempts(
    const CallContext& call, const std::vector<AttemptId>& attempts) {
  static const std::string kByAttempt = LookupOf("attempt", "");
  std::vector<std::string_view> values;
  values.reserve(attempts.size());
  for (const AttemptId& attempt : attempts) values.emplace_back(attempt.value());
  TextSet found;
  const auto filter = [&](SqlConnection& connection) {
    found.clear();
    return Lookup(connection, kByAttempt, values, found);
  };
  SATCHEL_RETURN_IF_ERROR(database_->Read(call, ReadScope::kSnapshot, filter));
  std::vector<AttemptId> known;
  for (const AttemptId& attempt : attempts) {
    if (found.contains(attempt.value())) known.push_back(attempt);
  }
  return known;
}

Result<std::vector<ObjectRef>> SqlMetadataStore::FilterReferencedVersions(
    const CallContext& call, const std::vector<ObjectRef>& objects) {
  KnownObjects known;
  const auto filter = [&](SqlConnection& connection) {
    return LookupObjects(connection, objects, known);
  };
  SATCHEL_RETURN_IF_ERROR(database_->Read(call, ReadScope::kSnapshot, filter));
  std::vector<ObjectRef> referenced;
  for (const ObjectRef& object : objects) {
    if (known.versions.contains(object.version.value()) || known.keys.contains(object.key)) {
      referenced.push_back(object);
    }
  }
  return referenced;
}

Result<std::vector<Document>> SqlMetadataStore::ScanDocuments(const CallContext& call,
                                                              const DocumentId& after, int limit) {
  std::vector<Document> documents;
  const auto scan = [&](SqlConnection& connection) -> Status {
    const SqlValue values[] = {after.value(), std::int64_t{limit}};
    SATCHEL_ASSIGN_OR_RETURN(documents,
                             QueryDocuments(connection,
                                            "SELECT " SATCHEL_DOCUMENT_COLUMNS
                                            " FROM rag_document WHERE id > ? ORDER BY id LIMIT ?",
                                            values));
    return {};
  };
  SATCHEL_RETURN_IF_ERROR(database_->Read(call, ReadScope::kStatement, scan));
  return documents;
}

Result<bool> SqlMetadataStore::HasDocuments(const CallContext& call) {
  bool any = false;
  SATCHEL_RETURN_IF_ERROR(
      database_->Read(call, ReadScope::kStatement, [&](SqlConnection& connection) {
        return connection
            .Query("SELECT 1 FROM rag_document LIMIT 1", {}, [&](const SqlRow&) { any = true; })
            .status();
      }));
  return any;
}

}  // namespace satchel
