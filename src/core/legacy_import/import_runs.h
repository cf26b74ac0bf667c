/// The four things that LegacyImporter does, each a run of its own.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "core/legacy_import/import_session.h"
#include "core/legacy_import/row_planner.h"
#include "core/legacy_import/source_walk.h"
#include "core/upload.h"
#include "ports/import_book.h"
#include "ports/metadata_store.h"
#include "ports/object_store.h"

namespace satchel {

/// kPlan and kImport: decides about every row and, in an import, stores those that are to be
/// stored.
class ImportRun {
 public:
  ImportRun(ImportSession& session, MetadataStore& metadata, ObjectStore& objects,
            Uploader& uploader, RowPlanner& planner)
      : session_(session),
        metadata_(metadata),
        objects_(objects),
        uploader_(uploader),
        planner_(planner) {}

  Status Handle(const SourceGroup& group);

 private:
  /// What became of a row.
  enum class Outcome : std::uint8_t { kStoredBefore, kRefused, kTryAgain };

  Status CheckImported(const SourceGroup& group);
  Status Store(PlannedRow& row);
  Result<Outcome> HandleRefusal(PlannedRow& row, const Status& status);
  Result<Outcome> HandleOwnRemains(const PlannedRow& row);

  ImportSession& session_;
  MetadataStore& metadata_;
  ObjectStore& objects_;
  Uploader& uploader_;
  RowPlanner& planner_;
};

/// kVerify.
class VerifyRun {
 public:
  VerifyRun(ImportSession& session, MetadataStore& metadata, ObjectStore& objects,
            RowPlanner& planner)
      : session_(session), metadata_(metadata), objects_(objects), planner_(planner) {}

  Status Handle(const SourceGroup& group);

 private:
  Status Compare(const SourceText& row, const ImportEntry& entry);
  /// How the document differs from the row; empty: it does not.
  Result<std::string> DifferenceOf(const SourceText& row, const Document& document);

  ImportSession& session_;
  MetadataStore& metadata_;
  ObjectStore& objects_;
  RowPlanner& planner_;
};

/// kRollback.
class RollbackRun {
 public:
  RollbackRun(ImportSession& session, MetadataStore& metadata, ImportBook& book,
              ObjectStore& objects)
      : session_(session), metadata_(metadata), book_(book), objects_(objects) {}

  Status Run();

 private:
  Status Measure();
  Status Remove(const ImportEntry& entry);
  /// Sets `deleted` when it was this run that deleted it.
  Status RemoveDocument(const ImportEntry& entry, bool& deleted);

  ImportSession& session_;
  MetadataStore& metadata_;
  ImportBook& book_;
  ObjectStore& objects_;
};

/// The rows of `group` whose text is not the one that was imported under their ids, and those that
/// are gone from the source.
void NoteChanges(ImportSession& session, const SourceGroup& group);
/// Whether the row still is what was imported.
bool IsUnchanged(const SourceText& row, const ImportEntry& entry);

}  // namespace satchel
