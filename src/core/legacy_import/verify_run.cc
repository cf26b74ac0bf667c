// Every row against its document, byte for byte by their hashes.
#include <memory>
#include <span>
#include <utility>

#include "base/limits.h"
#include "base/sha256.h"
#include "core/legacy_import/import_runs.h"
#include "core/legacy_import/parallel.h"
#include "core/legacy_import/row_rules.h"

namespace satchel {
namespace {

/// What is stored of a document; none: nothing.
struct StoredBytes {
  ContentHash sha256;
  std::int64_t size = 0;
};

Result<std::optional<StoredBytes>> ReadStored(const CallContext& call, ObjectStore& objects,
                                              const Document& document) {
  SATCHEL_ASSIGN_OR_RETURN(const std::unique_ptr<ObjectReader> reader,
                           objects.Open(call, {document.object_key, document.version}, 0));
  if (reader == nullptr) return std::optional<StoredBytes>();
  StoredBytes stored;
  Sha256 hash;
  std::vector<std::byte> buffer(kTransferChunkBytes);
  while (true) {
    SATCHEL_ASSIGN_OR_RETURN(const std::size_t read, reader->Read(call, buffer));
    if (read == 0) break;
    hash.Update(std::span(buffer).first(read));
    stored.size += static_cast<std::int64_t>(read);
  }
  stored.sha256 = hash.Finish();
  return std::optional<StoredBytes>(std::move(stored));
}

RowNote NoteAbout(const SourceText& row, const ImportEntry& entry, RowVerdict verdict,
                  std::string detail) {
  RowNote note = NoteOn(row.row, verdict, std::move(detail));
  note.document = entry.document;
  return note;
}

}  // namespace

Status VerifyRun::Handle(const SourceGroup& group) {
  NoteChanges(session_, group);
  std::vector<RowNote> notes;
  SATCHEL_ASSIGN_OR_RETURN(const std::vector<PlannedRow> missing,
                           planner_.Plan(session_.call(), group, notes));
  // What an import would do with a row that is missing is not the question.
  for (RowNote& note : notes) {
    if (IsProblem(note.verdict)) session_.Note(std::move(note));
  }
  for (const PlannedRow& row : missing) {
    session_.Note(NoteOn(row.source->row, RowVerdict::kNotImported,
                         "the row can be imported and is not: import again"));
    session_.Advance(row.source->row.text_bytes.value_or(0));
  }
  return ForEachInParallel(group.rows.size(), session_.request().jobs, [&](std::size_t i) {
    const SourceText& row = group.rows[i];
    const auto entry = group.imported.find(row.row.id);
    if (entry == group.imported.end() || !IsUnchanged(row, entry->second)) return Status();
    return Compare(row, entry->second);
  });
}

Status VerifyRun::Compare(const SourceText& row, const ImportEntry& entry) {
  const auto size = static_cast<std::int64_t>(row.text.size());
  SATCHEL_ASSIGN_OR_RETURN(const std::optional<Document> document,
                           metadata_.Find(session_.call(), entry.document));
  if (!document || document->state != DocumentState::kCompleted) {
    session_.Note(
        NoteAbout(row, entry, RowVerdict::kDeletedSince, "the document was deleted since"));
  } else {
    SATCHEL_ASSIGN_OR_RETURN(std::string difference, DifferenceOf(row, *document));
    if (!difference.empty()) {
      session_.Note(NoteAbout(row, entry, RowVerdict::kDiffers, std::move(difference)));
    } else {
      session_.Count([&](ImportReport& report) {
        ++report.verified;
        report.verified_bytes += size;
      });
    }
  }
  session_.Advance(size);
  return {};
}

Result<std::string> VerifyRun::DifferenceOf(const SourceText& row, const Document& document) {
  std::vector<RowNote> ignored;
  const RowDocument expected = DocumentOfRow(row.row, ignored);
  if (document.user.value() != row.row.teacher) return std::string("it is another user's");
  if (document.category != kImportCategory) return std::string("its category is not rag_context");
  if (document.created_at != expected.created_at) {
    return "it was created at " + FormatTimestamp(document.created_at) + ", the row at " +
           FormatTimestamp(expected.created_at);
  }
  SATCHEL_ASSIGN_OR_RETURN(const std::optional<StoredBytes> stored,
                           ReadStored(session_.call(), objects_, document));
  if (!stored) return std::string("its bytes are missing");
  if (stored->size != static_cast<std::int64_t>(row.text.size())) {
    return std::to_string(stored->size) + " bytes are stored, the row has " +
           std::to_string(row.text.size());
  }
  Sha256 hash;
  hash.Update(std::as_bytes(std::span(row.text)));
  if (stored->sha256 != hash.Finish()) return std::string("its bytes are not the row's");
  return std::string();
}

}  // namespace satchel
