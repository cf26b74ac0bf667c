// Plan and import.
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <span>
#include <utility>

#include "base/sha256.h"
#include "base/text.h"
#include "core/legacy_import/import_runs.h"
#include "core/legacy_import/parallel.h"
#include "core/legacy_import/row_rules.h"

namespace satchel {
namespace {

/// A row, as an upload of it would arrive.
class RowStream final : public UploadStream {
 public:
  explicit RowStream(const PlannedRow& row) : row_(row) {}

  boost::asio::awaitable<Result<std::optional<UploadMessage>>> Read() override {
    const std::string& text = row_.source->text;
    switch (messages_read_++) {
      case 0:
        co_return UploadMessage(UploadMetadata{.user_id = row_.user.value(),
                                               .category = std::string(kImportCategory),
                                               .filename = row_.filename,
                                               .mime_type = std::string(kImportMimeType),
                                               .size = static_cast<std::int64_t>(text.size())});
      case 1:
        co_return UploadMessage(UploadChunk{std::as_bytes(std::span(text))});
      default:
        co_return std::optional<UploadMessage>();
    }
  }

 private:
  const PlannedRow& row_;
  int messages_read_ = 0;
};

/// Runs an upload to its end on this thread: nothing in it waits for a client.
Result<Document> RunImport(Uploader& uploader, const CallContext& call, RowStream& stream,
                           ImportIdentity identity) {
  boost::asio::io_context io;
  std::optional<Result<Document>> stored;
  boost::asio::co_spawn(
      io,
      [&]() -> boost::asio::awaitable<void> {
        stored = co_await uploader.Import(call, stream, std::move(identity));
      },
      [](const std::exception_ptr& thrown) {
        if (thrown) std::rethrow_exception(thrown);
      });
  io.run();
  return *std::move(stored);
}

std::int64_t SizeOf(const PlannedRow& row) {
  return static_cast<std::int64_t>(row.source->text.size());
}

}  // namespace

bool IsUnchanged(const SourceText& row, const ImportEntry& entry) {
  if (row.row.teacher != entry.user.value()) return false;
  Sha256 hash;
  hash.Update(std::as_bytes(std::span(row.text)));
  return hash.Finish() == entry.sha256;
}

void NoteChanges(ImportSession& session, const SourceGroup& group) {
  for (const SourceText& row : group.rows) {
    const auto entry = group.imported.find(row.row.id);
    if (entry == group.imported.end() || IsUnchanged(row, entry->second)) continue;
    RowNote note = NoteOn(row.row, RowVerdict::kChangedSince,
                          "its text or teacher is not what was imported; or this is another "
                          "database: give it a --source-name of its own");
    note.document = entry->second.document;
    session.Note(std::move(note));
  }
  for (const ImportEntry& entry : group.gone) {
    session.Note({.row_id = entry.row_id,
                  .verdict = RowVerdict::kSourceGone,
                  .teacher = TruncateUtf8(entry.user.value(), kEchoedBytesMax),
                  .document = entry.document,
                  .detail = "imported before, and not in the table any more"});
  }
}

Status ImportRun::Handle(const SourceGroup& group) {
  NoteChanges(session_, group);
  SATCHEL_RETURN_IF_ERROR(CheckImported(group));
  std::vector<RowNote> notes;
  SATCHEL_ASSIGN_OR_RETURN(std::vector<PlannedRow> planned,
                           planner_.Plan(session_.call(), group, notes));
  session_.Note(std::move(notes));
  session_.Count([&](ImportReport& report) {
    for (const PlannedRow& row : planned) {
      ++report.importable;
      report.importable_bytes += SizeOf(row);
    }
  });
  const auto planned_rows = planned.size();
  if (session_.request().mode == ImportMode::kImport) {
    SATCHEL_RETURN_IF_ERROR(ForEachInParallel(planned_rows, session_.request().jobs,
                                              [&](std::size_t i) { return Store(planned[i]); }));
  } else {
    for (const PlannedRow& row : planned) session_.Advance(SizeOf(row));
  }
  return {};
}

Status ImportRun::CheckImported(const SourceGroup& group) {
  for (const SourceText& row : group.rows) {
    const auto entry = group.imported.find(row.row.id);
    if (entry == group.imported.end()) continue;
    if (!IsUnchanged(row, entry->second)) continue;
    session_.Count([](ImportReport& report) { ++report.imported_before; });
    session_.Advance(entry->second.size);
  }
  return {};
}

Status ImportRun::Store(PlannedRow& row) {
  constexpr int kTriesMax = 50;  ///< that it never comes to an end would be a bug
  ImportRetry retry;
  for (int tries = 0; tries < kTriesMax; ++tries) {
    RowStream stream(row);
    const Result<Document> stored =
        RunImport(uploader_, session_.call(), stream,
                  {row.id, row.created_at, {session_.request().source_name, row.source->row.id}});
    if (stored.ok()) {
      session_.Count([&](ImportReport& report) {
        ++report.imported;
        report.imported_bytes += SizeOf(row);
      });
      session_.Advance(SizeOf(row));
      return {};
    }
    if (retry.Again(session_.call(), stored.status())) continue;
    SATCHEL_ASSIGN_OR_RETURN(const Outcome outcome, HandleRefusal(row, stored.status()));
    if (outcome == Outcome::kTryAgain) continue;
    if (outcome == Outcome::kStoredBefore) {
      session_.Count([](ImportReport& report) { ++report.imported_before; });
    }
    session_.Advance(SizeOf(row));
    return {};
  }
  return InternalError("row " + std::to_string(row.source->row.id) + " came to no end");
}

Result<ImportRun::Outcome> ImportRun::HandleRefusal(PlannedRow& row, const Status& status) {
  const auto refuse = [&](RowVerdict verdict, std::string detail) {
    session_.Note(NoteOn(row.source->row, verdict, std::move(detail)));
    return Outcome::kRefused;
  };
  switch (status.reason()) {
    case Reason::kDocumentAlreadyExists: {
      if (status.resource() == row.id.value()) return HandleOwnRemains(row);
      // Somebody has uploaded a document of this name since the row was planned.
      const std::string taken = row.filename;
      if (row.other_names.empty()) {
        return refuse(RowVerdict::kNameTaken, "`" + taken + "` and its like are taken");
      }
      row.filename = row.other_names.front();
      row.other_names.erase(row.other_names.begin());
      session_.Note(NoteOn(row.source->row, RowVerdict::kNameClash,
                           "`" + taken + "` was taken meanwhile by document " + status.resource() +
                               ": `" + row.filename + "` is used"));
      return Outcome::kTryAgain;
    }
    case Reason::kQuotaExceeded:
      return refuse(RowVerdict::kOverQuota, status.message() + " (satchel quota set)");
    case Reason::kFileTooLarge:
      return refuse(RowVerdict::kTooLarge, status.message());
    case Reason::kContentMismatch:
      return refuse(RowVerdict::kTextInvalid, status.message());
    default:
      return status;
  }
}

Result<ImportRun::Outcome> ImportRun::HandleOwnRemains(const PlannedRow& row) {
  SATCHEL_ASSIGN_OR_RETURN(const std::optional<Document> remains,
                           metadata_.Find(session_.call(), row.id));
  if (!remains) return Outcome::kTryAgain;
  if (remains->state == DocumentState::kCompleted) return Outcome::kStoredBefore;
  // A run that was killed has left it; were it alive, it would find itself fenced off.
  const Status purged = PurgeDocument(session_.call(), metadata_, objects_, *remains);
  if (purged.ok() || purged.Is(Reason::kUploadAborted)) return Outcome::kTryAgain;
  return purged;
}

}  // namespace satchel
