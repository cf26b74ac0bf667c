/// Rows of `rag_document` as documents, and back.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/sql/generated/schema.h"
#include "adapters/sql/sql_connection.h"
#include "base/status.h"
#include "ports/document.h"

namespace satchel {

/// A row that another program wrote has no object_key: its path is the key.
Document DocumentOf(const DocumentRow& row);

/// purge_after of a row whose bytes may go at once. No time of now: that would lie in the future of
/// a clock that is set back.
inline constexpr Timestamp kPurgeAtOnce{};

/// The path of a row that gave up its name.
std::string ReleasedPath(const DocumentId& id);

/// The documents that `sql`, a SELECT of SATCHEL_DOCUMENT_COLUMNS or of what of them is listed,
/// finds.
Result<std::vector<Document>> QueryDocuments(SqlConnection& connection, std::string_view sql,
                                             std::span<const SqlValue> values);
/// nullopt: there is no such row.
Result<std::optional<Document>> FindDocument(SqlConnection& connection, const DocumentId& id);

}  // namespace satchel
