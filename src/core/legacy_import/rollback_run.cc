// The documents that imports have made, and nothing else, out of both stores.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/legacy_import/import_runs.h"
#include "core/legacy_import/parallel.h"
#include "core/repeated_write.h"

namespace satchel {
namespace {

constexpr int kEntriesAtOnce = 500;

}  // namespace

Status RollbackRun::Run() {
  SATCHEL_RETURN_IF_ERROR(Measure());
  while (true) {
    SATCHEL_ASSIGN_OR_RETURN(
        const std::vector<ImportEntry> entries,
        book_.ListImported(session_.call(), {.source = session_.request().source_name,
                                             .after = {},
                                             .until = {},
                                             .limit = kEntriesAtOnce}));
    if (entries.empty()) return {};
    SATCHEL_RETURN_IF_ERROR(ForEachInParallel(entries.size(), session_.request().jobs,
                                              [&](std::size_t i) { return Remove(entries[i]); }));
  }
}

Status RollbackRun::Measure() {
  std::optional<std::int64_t> after;
  std::int64_t rows = 0;
  std::int64_t bytes = 0;
  while (true) {
    SATCHEL_ASSIGN_OR_RETURN(
        const std::vector<ImportEntry> entries,
        book_.ListImported(session_.call(), {.source = session_.request().source_name,
                                             .after = after,
                                             .until = {},
                                             .limit = kEntriesAtOnce}));
    if (entries.empty()) break;
    after = entries.back().row_id;
    rows += static_cast<std::int64_t>(entries.size());
    for (const ImportEntry& entry : entries) bytes += entry.size;
  }
  // It was rolled back before, or its name is another one.
  std::vector<std::string> other_sources;
  if (rows == 0) {
    SATCHEL_ASSIGN_OR_RETURN(other_sources, book_.ListSources(session_.call()));
  }
  session_.SetTotals(rows, bytes);
  session_.Count([&](ImportReport& report) {
    report.rows = rows;
    report.bytes = bytes;
    report.other_sources = std::move(other_sources);
  });
  return {};
}

Status RollbackRun::Remove(const ImportEntry& entry) {
  const CallContext& call = session_.call();
  ImportRetry retry;
  bool deleted = false;
  Status removed = RemoveDocument(entry, deleted);
  while (!removed.ok() && retry.Again(call, removed)) removed = RemoveDocument(entry, deleted);
  SATCHEL_RETURN_IF_ERROR(removed);
  session_.Count([&](ImportReport& report) {
    report.removed += deleted ? 1 : 0;
    report.removed_bytes += deleted ? entry.size : 0;
    report.deleted_since += deleted ? 0 : 1;
  });
  // Last, so that a rollback that ends before finds the row again.
  SATCHEL_RETURN_IF_ERROR(RepeatUntilKnown([&] {
    return book_.RemoveImported(call, {session_.request().source_name, entry.row_id});
  }));
  session_.Advance(entry.size);
  return {};
}

Status RollbackRun::RemoveDocument(const ImportEntry& entry, bool& deleted) {
  const CallContext& call = session_.call();
  constexpr std::chrono::seconds kNoRetention{0};
  const Result<std::optional<Deletion>> deletion =
      metadata_.Delete(call, entry.user, entry.document, kNoRetention, 0);
  // Whether a lost commit happened is what the row tells.
  if (!deletion.ok() && !deletion.status().Is(Reason::kOutcomeUnknown)) return deletion.status();
  deleted = deleted || !deletion.ok() || *deletion;
  // One that its user has deleted goes too, also while SOFT_DELETE would keep it: its id and its
  // bytes are the import's.
  SATCHEL_ASSIGN_OR_RETURN(const std::optional<Document> remains,
                           metadata_.Find(call, entry.document));
  if (!remains || remains->state != DocumentState::kFailed) {
    if (!remains) return {};
    return Status(Reason::kDatabaseUnavailable, "the document could not be deleted yet");
  }
  return PurgeDocument(call, metadata_, objects_, *remains);
}

}  // namespace satchel
