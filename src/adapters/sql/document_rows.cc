#include "adapters/sql/document_rows.h"

#include <utility>

#include "base/text.h"

namespace satchel {
namespace {

DocumentState StateOf(const std::optional<DocumentStatus>& status) {
  // A value of a newer schema's is nothing that this program may show.
  if (!status) return DocumentState::kFailed;
  switch (*status) {
    case DocumentStatus::kPending:
      return DocumentState::kPending;
    case DocumentStatus::kCompleted:
      return DocumentState::kCompleted;
    case DocumentStatus::kFailed:
      return DocumentState::kFailed;
  }
  return DocumentState::kFailed;
}

/// Empty for NULL.
template <typename Text>
Text TextOf(const std::optional<std::string_view>& text) {
  return Text(std::string(text.value_or("")));
}

}  // namespace

Document DocumentOf(const DocumentRow& row) {
  // What another program wrote need not be UTF-8, and one such row must not break a listing.
  return {.id = DocumentId(std::string(row.id)),
          .state = StateOf(row.status),
          .user = UserId(std::string(row.user_id)),
          .category = ToValidUtf8(row.category),
          .filename = ToValidUtf8(row.filename),
          .object_key = std::string(row.object_key.value_or(row.path)),
          .size = row.size,
          .mime_type = ToValidUtf8(row.mime_type),
          .created_at = row.created_at,
          .updated_at = row.updated_at,
          .attempt = TextOf<AttemptId>(row.attempt),
          .version = TextOf<ObjectVersion>(row.version),
          .sha256 = TextOf<ContentHash>(row.sha256),
          .upload = TextOf<UploadId>(row.upload_id)};
}

std::string ReleasedPath(const DocumentId& id) { return "released/" + id.value(); }

Result<std::vector<Document>> QueryDocuments(SqlConnection& connection, std::string_view sql,
                                             std::span<const SqlValue> values) {
  std::vector<Document> documents;
  auto rows = connection.Query(sql, values, [&](const SqlRow& row) {
    documents.push_back(DocumentOf(ReadDocumentRow(row)));
  });
  if (!rows.ok()) return rows.status();
  return documents;
}

Result<std::optional<Document>> FindDocument(SqlConnection& connection, const DocumentId& id) {
  std::optional<Document> document;
  auto rows = connection.Query(
      "SELECT " SATCHEL_DOCUMENT_COLUMNS " FROM rag_document WHERE id = ?", {id.value()},
      [&](const SqlRow& row) { document = DocumentOf(ReadDocumentRow(row)); });
  if (!rows.ok()) return rows.status();
  return document;
}

}  // namespace satchel
