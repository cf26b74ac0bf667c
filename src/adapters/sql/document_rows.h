/// Rows of `rag_document` as documents, and back.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/sql/sql_connection.h"
#include "base/status.h"
#include "ports/document.h"

namespace satchel {

/// What DocumentOf() reads, in its order; a macro so that statements stay constant texts.
/// A row that another program wrote has no object_key: its path is the key.
#define SATCHEL_DOCUMENT_COLUMNS                                                \
  "id, status, user_id, category, filename, COALESCE(object_key, path), size, " \
  "mime_type, created_at, updated_at, attempt, version, sha256, upload_id"

/// The same without what no listing shows, which would be half of its text.
#define SATCHEL_LISTED_COLUMNS                                                   \
  "id, status, user_id, category, filename, NULL, size, mime_type, created_at, " \
  "updated_at, NULL, NULL, NULL, NULL"

inline constexpr int kDocumentColumns = 14;

/// The document of a row that starts with SATCHEL_DOCUMENT_COLUMNS.
Document DocumentOf(const SqlRow& row);

/// purge_after of a row whose bytes may go at once. No time of now: that would lie in the future of
/// a clock that is set back.
inline constexpr Timestamp kPurgeAtOnce{};

/// The path of a row that gave up its name.
std::string ReleasedPath(const DocumentId& id);

/// The documents that `sql`, a SELECT of SATCHEL_DOCUMENT_COLUMNS or SATCHEL_LISTED_COLUMNS, finds.
Result<std::vector<Document>> QueryDocuments(SqlConnection& connection, std::string_view sql,
                                             std::span<const SqlValue> values);
/// nullopt: there is no such row.
Result<std::optional<Document>> FindDocument(SqlConnection& connection, const DocumentId& id);

}  // namespace satchel
