/// Moves the rows of the table that the Python services kept their documents in into Satchel.
///
/// Each row becomes one document by the same protocol as an upload, and enters the import book in
/// the transaction that completes it. So a run that ends at any point, however hard, leaves rows
/// that are imported and rows that are not, and the next run goes on with the latter; a run with
/// nothing left to do does nothing. A rollback goes by the book alone.
#pragma once

#include <cstdint>

#include "base/call_context.h"
#include "base/status.h"
#include "core/legacy_import/import_report.h"
#include "core/upload.h"
#include "ports/import_book.h"
#include "ports/legacy_source.h"
#include "ports/metadata_store.h"
#include "ports/object_store.h"

namespace satchel {

struct LegacyImportLimits {
  std::int64_t file_size_max = 0;  ///< bytes
  std::int64_t default_quota = 0;  ///< bytes
};

/// Thread-safe; the service may run meanwhile, and so may another import, which is pointless and
/// harmless. Blocks. What it is given must outlive it.
class LegacyImporter {
 public:
  LegacyImporter(MetadataStore& metadata, ImportBook& book, ObjectStore& objects,
                 Uploader& uploader, LegacySourceOpener& sources, LegacyImportLimits limits)
      : metadata_(metadata),
        book_(book),
        objects_(objects),
        uploader_(uploader),
        sources_(sources),
        limits_(limits) {}

  /// An error: the run could not be finished; what it had imported or removed stays so, and the
  /// same command goes on with the rest.
  Result<ImportReport> Run(const CallContext& call, const ImportRequest& request,
                           ImportListener& listener);

 private:
  MetadataStore& metadata_;
  ImportBook& book_;
  ObjectStore& objects_;
  Uploader& uploader_;
  LegacySourceOpener& sources_;
  const LegacyImportLimits limits_;
};

}  // namespace satchel
