// Documents that were stored: found, listed, deleted.
#include "adapters/sql/document_rows.h"
#include "adapters/sql/sql_metadata_store.h"
#include "adapters/sql/usage_rows.h"

namespace satchel {
namespace {

/// The condition of a listing and its values, in the same order.
struct Filter {
  std::string condition;
  std::vector<SqlValue> values;
};

Filter FilterOf(const ListQuery& query) {
  Filter filter{"user_id = ? AND status = 'COMPLETED'", {query.user.value()}};
  if (query.category) {
    filter.condition += " AND category = ?";
    filter.values.emplace_back(*query.category);
  }
  if (query.day) {
    filter.condition += " AND created_at >= ? AND created_at < ?";
    filter.values.emplace_back(Timestamp(*query.day));
    filter.values.emplace_back(Timestamp(*query.day + std::chrono::days(1)));
  }
  return filter;
}

Result<std::int64_t> QueryInt64(SqlConnection& connection, const std::string& statement,
                                const std::vector<SqlValue>& values) {
  std::int64_t value = 0;
  auto rows = connection.Query(statement, values, [&](const SqlRow& row) { value = row.Int64(0); });
  if (!rows.ok()) return rows.status();
  return value;
}

/// All documents of a user are counted in their usage already, but for those that another program
/// wrote. Counting 10,000 rows took half the time of a page.
Result<std::int64_t> CountMatches(SqlConnection& connection, const Filter& filter,
                                  const ListQuery& query) {
  if (!query.category && !query.day) {
    SATCHEL_ASSIGN_OR_RETURN(
        const std::int64_t foreign,
        QueryInt64(connection,
                   "SELECT EXISTS (SELECT 1 FROM rag_document "
                   "WHERE user_id = ? AND status = 'COMPLETED' AND attempt IS NULL)",
                   {query.user.value()}));
    if (foreign == 0) {
      return QueryInt64(connection, "SELECT file_count FROM user_usage WHERE user_id = ?",
                        {query.user.value()});
    }
  }
  return QueryInt64(connection, "SELECT COUNT(*) FROM rag_document WHERE " + filter.condition,
                    filter.values);
}

Result<std::vector<Document>> ReadPage(SqlConnection& connection, Filter filter,
                                       const ListQuery& query) {
  if (query.after) {
    // Not a comparison of row values: MySQL would scan for it.
    filter.condition += " AND created_at <= ? AND (created_at < ? OR id < ?)";
    filter.values.emplace_back(query.after->created_at);
    filter.values.emplace_back(query.after->created_at);
    filter.values.emplace_back(query.after->id.value());
  }
  // One more than asked for tells whether there are more.
  filter.values.emplace_back(std::int64_t{query.page_size} + 1);
  return QueryDocuments(connection,
                        "SELECT " SATCHEL_DOCUMENT_LISTED_COLUMNS " FROM rag_document WHERE " +
                            filter.condition + " ORDER BY created_at DESC, id DESC LIMIT ?",
                        filter.values);
}

/// The row's edge to deleted; false: no COMPLETED document of this user.
SqlResult<bool> MarkDeleted(SqlConnection& connection, const UserId& user, const DocumentId& id,
                            Timestamp now, Timestamp purge_after) {
  // object_key before path: MySQL assigns from left to right.
  auto changed = connection.Execute(
      "UPDATE rag_document SET status = 'FAILED', object_key = COALESCE(object_key, path), "
      "path = ?, updated_at = ?, deleted_at = ?, purge_after = ? "
      "WHERE id = ? AND user_id = ? AND status = 'COMPLETED'",
      {ReleasedPath(id), now, now, purge_after, id.value(), user.value()});
  if (!changed.ok()) return changed.error();
  return *changed == 1;
}

}  // namespace

Result<std::optional<Document>> SqlMetadataStore::Find(const CallContext& call,
                                                       const DocumentId& id) {
  std::optional<Document> document;
  SATCHEL_RETURN_IF_ERROR(
      database_->Read(call, ReadScope::kStatement, [&](SqlConnection& connection) -> Status {
        SATCHEL_ASSIGN_OR_RETURN(document, FindDocument(connection, id));
        return {};
      }));
  return document;
}

Result<std::optional<Deletion>> SqlMetadataStore::Delete(const CallContext& call,
                                                         const UserId& user, const DocumentId& id,
                                                         std::chrono::seconds retention,
                                                         std::int64_t default_quota) {
  std::optional<Deletion> deletion;
  const auto remove = [&](SqlConnection& connection) -> Status {
    deletion.reset();
    const SqlDialect& dialect = database_->dialect();
    SATCHEL_ASSIGN_OR_RETURN(const Timestamp now, dialect.Now(connection));
    auto marked = MarkDeleted(connection, user, id, now,
                              retention.count() == 0 ? kPurgeAtOnce : now + retention);
    if (!marked.ok()) return marked.status();
    if (!*marked) return {};
    SATCHEL_ASSIGN_OR_RETURN(std::optional<Document> document, FindDocument(connection, id));
    if (!document) return InternalError("a row vanished inside its transaction");
    SATCHEL_RETURN_IF_ERROR(
        ChangeUsage(connection, dialect, user, {.file_count = -1, .total_bytes = -document->size}));
    SATCHEL_ASSIGN_OR_RETURN(Usage usage, ReadUsage(connection, user, default_quota));
    deletion = Deletion{*std::move(document), std::move(usage)};
    return {};
  };
  SATCHEL_RETURN_IF_ERROR(database_->Write(call, Durability::kPowerLoss, remove));
  return deletion;
}

Result<ListPage> SqlMetadataStore::List(const CallContext& call, const ListQuery& query) {
  ListPage page;
  const auto list = [&](SqlConnection& connection) -> Status {
    const Filter filter = FilterOf(query);
    SATCHEL_ASSIGN_OR_RETURN(page.total_count, CountMatches(connection, filter, query));
    SATCHEL_ASSIGN_OR_RETURN(page.documents, ReadPage(connection, filter, query));
    page.more = page.documents.size() > static_cast<std::size_t>(query.page_size);
    if (page.more) page.documents.pop_back();
    return {};
  };
  SATCHEL_RETURN_IF_ERROR(database_->Read(call, ReadScope::kSnapshot, list));
  return page;
}

Status SqlMetadataStore::RecordHash(const CallContext& call, const DocumentId& id,
                                    const ContentHash& sha256) {
  const auto record = [&](SqlConnection& connection) -> Status {
    auto changed = connection.Execute(
        "UPDATE rag_document SET sha256 = ? "
        "WHERE id = ? AND status = 'COMPLETED' AND COALESCE(sha256, '') IN ('', ?)",
        {sha256.value(), id.value(), sha256.value()});
    if (!changed.ok()) return changed.status();
    if (*changed == 1) return {};
    return Status(Reason::kDocumentNotFound, "no stored document of this id lacks its hash")
        .WithResource(id.value());
  };
  return database_->Write(call, Durability::kPowerLoss, record);
}

Status SqlMetadataStore::RecordVersion(const CallContext& call, const DocumentId& id,
                                       const ObjectVersion& version) {
  const auto record = [&](SqlConnection& connection) -> Status {
    auto changed = connection.Execute(
        "UPDATE rag_document SET version = ? "
        "WHERE id = ? AND status = 'COMPLETED' AND COALESCE(version, '') IN ('', ?)",
        {version.value(), id.value(), version.value()});
    if (!changed.ok()) return changed.status();
    if (*changed == 1) return {};
    return Status(Reason::kDocumentNotFound, "no stored document of this id lacks its version")
        .WithResource(id.value());
  };
  return database_->Write(call, Durability::kPowerLoss, record);
}

}  // namespace satchel
