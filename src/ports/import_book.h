/// Port: the book of what was imported from other programs' tables, and by which names documents
/// are held. An entry is made by MetadataStore::Complete(), together with its document.
///
/// All methods block, are thread-safe, and fail as MetadataStore's do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/call_context.h"
#include "base/status.h"
#include "ports/document.h"

namespace satchel {

/// A row of another program's table.
struct SourceRow {
  std::string source;  ///< which table of which database; at most kSourceNameBytesMax
  std::int64_t row_id = 0;
};

/// The row became this document. The document may have been deleted since.
struct ImportEntry {
  std::int64_t row_id = 0;
  DocumentId document;
  UserId user;
  std::int64_t size = 0;  ///< bytes
  ContentHash sha256;
};

/// Which entries of one source to list.
struct ImportQuery {
  std::string source;
  std::optional<std::int64_t> after;  ///< only row ids above this one
  std::optional<std::int64_t> until;  ///< only row ids up to this one
  int limit = 0;
};

class ImportBook {
 public:
  virtual ~ImportBook() = default;
  /// By row id.
  virtual Result<std::vector<ImportEntry>> ListImported(const CallContext& call,
                                                        const ImportQuery& query) = 0;
  /// The sources that the book has rows of, by name.
  virtual Result<std::vector<std::string>> ListSources(const CallContext& call) = 0;
  /// Takes the row out of the book; OK when it is not in it.
  virtual Status RemoveImported(const CallContext& call, const SourceRow& row) = 0;
  /// Those documents, PENDING ones too, that hold one of `paths` as their name.
  virtual Result<std::vector<Document>> FindNameHolders(const CallContext& call,
                                                        const std::vector<std::string>& paths) = 0;
};

}  // namespace satchel
