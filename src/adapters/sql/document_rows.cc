#include "adapters/sql/document_rows.h"

#include <utility>

#include "base/text.h"

namespace satchel {

Document DocumentOf(const SqlRow& row) {
  Document document;
  document.id = DocumentId(std::string(row.Text(0)));
  // The column takes no other text.
  document.state = ParseDocumentState(row.Text(1)).value_or(DocumentState::kFailed);
  document.user = UserId(std::string(row.Text(2)));
  // What another program wrote need not be UTF-8, and one such row must not break a listing.
  document.category = ToValidUtf8(row.Text(3));
  document.filename = ToValidUtf8(row.Text(4));
  document.object_key = row.Text(5);
  document.size = row.Int64(6);
  document.mime_type = ToValidUtf8(row.Text(7));
  document.created_at = row.Time(8);
  document.updated_at = row.Time(9);
  document.attempt = AttemptId(std::string(row.Text(10)));
  document.version = ObjectVersion(std::string(row.Text(11)));
  document.sha256 = ContentHash(std::string(row.Text(12)));
  document.upload = UploadId(std::string(row.Text(13)));
  return document;
}

std::string ReleasedPath(const DocumentId& id) { return "released/" + id.value(); }

Result<std::vector<Document>> QueryDocuments(SqlConnection& connection, std::string_view sql,
                                             std::span<const SqlValue> values) {
  std::vector<Document> documents;
  auto rows = connection.Query(sql, values,
                               [&](const SqlRow& row) { documents.push_back(DocumentOf(row)); });
  if (!rows.ok()) return rows.status();
  return documents;
}

Result<std::optional<Document>> FindDocument(SqlConnection& connection, const DocumentId& id) {
  std::optional<Document> document;
  auto rows =
      connection.Query("SELECT " SATCHEL_DOCUMENT_COLUMNS " FROM rag_document WHERE id = ?",
                       {id.value()}, [&](const SqlRow& row) { document = DocumentOf(row); });
  if (!rows.ok()) return rows.status();
  return document;
}

}  // namespace satchel
