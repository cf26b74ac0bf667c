#include "core/sweeper.h"

#include <algorithm>
#include <utility>

#include "core/store_pairing.h"
#include "core/unreferenced_versions.h"

namespace satchel {
namespace {

constexpr std::int64_t kPercent = 100;
constexpr std::size_t kRemovalBatch = 200;

std::string CandidateId(const ObjectRef& object) {
  return object.version.value() + '\n' + object.key;
}

}  // namespace

Sweeper::Sweeper(MetadataStore& metadata, ObjectStore& objects, const Clock& clock, EventLog& log,
                 SweepObserver& observer, SweeperOptions options)
    : metadata_(metadata),
      objects_(objects),
      clock_(clock),
      log_(log),
      observer_(observer),
      options_(std::move(options)),
      next_orphan_search_(clock.SteadyNow()) {}

SweepReport Sweeper::RunOnce(const CallContext& call, SweepTrigger trigger) {
  if (trigger == SweepTrigger::kStartup) {
    return Run(call, Scope::kDeadUploads, options_.sole_uploader);
  }
  return Run(call, Scope::kEverything, false);
}

SweepReport Sweeper::SweepRows(const CallContext& call) { return Run(call, Scope::kRows, false); }

SweepReport Sweeper::Run(const CallContext& call, Scope scope, bool every_lease) {
  const std::lock_guard lock(mutex_);
  SweepReport report;
  report.status = Sweep(call, scope, every_lease, report);
  if (!report.status.ok() && report.stop == SweepStop::kNone) {
    report.stop = call.cancelled() ? SweepStop::kCancelled : SweepStop::kCallFailed;
  }
  Log(report);
  observer_.SweepEnded(report);
  return report;
}

Status Sweeper::Sweep(const CallContext& call, Scope scope, bool every_lease, SweepReport& report) {
  SATCHEL_ASSIGN_OR_RETURN(const bool alone, AcquireLease(call));
  if (!alone) return Stop(SweepStop::kLeaseHeld, Status(), report);
  SATCHEL_RETURN_IF_ERROR(CheckPaired(call, report));
  SATCHEL_RETURN_IF_ERROR(FailDeadUploads(call, every_lease, report));
  if (scope == Scope::kDeadUploads) return {};
  if (scope == Scope::kRows) garbage_seen_.reset();
  SATCHEL_RETURN_IF_ERROR(RemoveGarbage(call, report));
  if (scope == Scope::kRows || clock_.SteadyNow() < next_orphan_search_) return {};
  next_orphan_search_ = clock_.SteadyNow() + options_.orphan_search_interval;
  return SearchOrphans(call, report);
}

Status Sweeper::Stop(SweepStop stop, Status status, SweepReport& report) const {
  report.stop = stop;
  return status;
}

Result<bool> Sweeper::AcquireLease(const CallContext& call) {
  if (options_.lease_holder.empty()) return true;
  return metadata_.AcquireSweeperLease(call, options_.lease_holder, options_.lease);
}

void Sweeper::GiveUpLease(const CallContext& call) {
  const std::lock_guard lock(mutex_);
  if (options_.lease_holder.empty()) return;
  const Result<bool> given_up =
      metadata_.AcquireSweeperLease(call, options_.lease_holder, std::chrono::seconds(0));
  if (given_up.ok()) return;
  log_.Write(LogLevel::kDebug, "the sweeper's lease could not be given up; it runs out",
             {{"cause", given_up.status().ToString()}});
}

Status Sweeper::CheckPaired(const CallContext& call, SweepReport& report) {
  Status paired = CheckPairing(call, metadata_, objects_);
  if (paired.Is(Reason::kConfigurationInvalid)) {
    return Stop(SweepStop::kStoreIdMismatch, std::move(paired), report);
  }
  return paired;
}

Status Sweeper::FailDeadUploads(const CallContext& call, bool every_lease, SweepReport& report) {
  std::optional<std::chrono::seconds> expired_for(0);
  if (every_lease) expired_for.reset();
  return CleanRows(
      call, [&](int limit) { return metadata_.FindExpiredUploads(call, expired_for, limit); },
      [&](const Document& row) {
        const Status failed = every_lease ? metadata_.Fail(call, row.id, row.attempt)
                                          : metadata_.FailExpired(call, row.id, row.attempt);
        // Completed, given up or renewed since it was found: no longer dead.
        return failed.Is(Reason::kUploadAborted) ? Status() : failed;
      },
      report.uploads_failed, report);
}

Status Sweeper::RemoveGarbage(const CallContext& call, SweepReport& report) {
  const std::optional<GarbagePosition> begin = std::exchange(garbage_seen_, std::nullopt);
  const std::int64_t failures_before = report.row_failures;
  std::optional<GarbagePosition> seen;
  Status cleaned = CleanRows(
      call,
      [&](int limit) -> Result<std::vector<Document>> {
        SATCHEL_ASSIGN_OR_RETURN(std::vector<Garbage> garbage,
                                 metadata_.FindGarbage(call, begin, limit));
        if (!garbage.empty()) seen = garbage.back().position;
        std::vector<Document> rows;
        rows.reserve(garbage.size());
        for (Garbage& row : garbage) rows.push_back(std::move(row.document));
        return rows;
      },
      [&](const Document& row) { return RemoveGarbageRow(call, row); }, report.rows_removed,
      report);
  const std::int64_t failures = report.row_failures - failures_before;
  if (failures >= static_cast<std::int64_t>(options_.failed_rows_max)) garbage_seen_ = seen;
  return cleaned;
}

Status Sweeper::RemoveGarbageRow(const CallContext& call, const Document& row) {
  if (!row.version.empty()) {
    SATCHEL_RETURN_IF_ERROR(objects_.Remove(call, {row.object_key, row.version}));
  } else if (!row.attempt.empty()) {
    SATCHEL_RETURN_IF_ERROR(objects_.RemoveAttempt(call, row.object_key, row.attempt, row.upload));
  }
  return metadata_.Forget(call, row.id, row.attempt);
}

Status Sweeper::CleanRows(const CallContext& call, const FetchRows& fetch, const CleanRow& clean,
                          std::int64_t& cleaned, SweepReport& report) {
  std::unordered_set<DocumentId> failed;
  std::unordered_set<DocumentId> just_cleaned;
  Status first_failure;
  DocumentId first_failed;
  const auto count_failure = [&](const Document& row, Status why) {
    if (failed.empty()) {
      first_failed = row.id;
      first_failure = std::move(why);
    }
    failed.insert(row.id);
    ++report.row_failures;
  };
  Status stopped;
  bool advanced = true;
  while (advanced && stopped.ok() && failed.size() < options_.failed_rows_max) {
    advanced = false;
    // Rows that failed come up again: they must not hide the ones behind them.
    Result<std::vector<Document>> rows =
        fetch(options_.batch_rows + static_cast<int>(failed.size()));
    if (!rows.ok()) {
      stopped = rows.status();
      break;
    }
    const std::unordered_set<DocumentId> cleaned_before = std::exchange(just_cleaned, {});
    for (const Document& row : *rows) {
      if (failed.contains(row.id)) continue;
      stopped = call.Check();
      if (!stopped.ok()) break;
      advanced = true;
      Status status = cleaned_before.contains(row.id)
                          ? InternalError("the row is still there after it was cleaned")
                          : clean(row);
      if (status.ok()) {
        ++cleaned;
        just_cleaned.insert(row.id);
        continue;
      }
      stopped = CheckFailureIsLocal(call, status);
      if (!stopped.ok()) break;
      count_failure(row, std::move(status));
    }
  }
  if (!failed.empty()) {
    log_.Write(LogLevel::kWarning, "rows could not be cleaned; the next sweep tries them again",
               {{"rows", std::to_string(failed.size())},
                {"documentId", first_failed.value()},
                {"cause", first_failure.ToString()}});
  }
  return stopped;
}

Status Sweeper::CheckFailureIsLocal(const CallContext& call, const Status& failure) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  // A store that answers refuses this one object only; the same for a row whose change is unknown.
  if (failure.Is(Reason::kObjectStoreUnavailable)) return objects_.Probe(call);
  if (failure.Is(Reason::kOutcomeUnknown)) return metadata_.Probe(call);
  return failure.Is(Reason::kInternal) ? Status() : failure;
}

Status Sweeper::CheckClocks(const CallContext& call, Timestamp* store_now, SweepReport& report) {
  SATCHEL_ASSIGN_OR_RETURN(*store_now, objects_.Now(call));
  SATCHEL_ASSIGN_OR_RETURN(const Timestamp database_now, metadata_.Now(call));
  const auto difference = std::chrono::abs(*store_now - database_now);
  if (difference <= options_.clock_difference_max) return {};
  return Stop(SweepStop::kClocksDiffer,
              ConfigurationError("the clocks of database and object store differ by " +
                                 std::to_string(difference.count()) + " ms"),
              report);
}

Status Sweeper::SearchOrphans(const CallContext& call, SweepReport& report) {
  report.orphans_searched = true;
  const std::unordered_set<std::string> seen_before = std::exchange(candidates_, {});
  Timestamp store_now;
  SATCHEL_RETURN_IF_ERROR(CheckClocks(call, &store_now, report));
  std::unordered_set<std::string> seen_now;
  std::vector<StoredVersion> orphans;
  SATCHEL_ASSIGN_OR_RETURN(
      report.versions_listed,
      VisitUnreferenced(call, metadata_, objects_, [&](const StoredVersion& version) -> Status {
        std::string id = CandidateId(version.object);
        const bool seen_twice = seen_before.contains(id);
        if (seen_now.size() < options_.candidates_max) seen_now.insert(std::move(id));
        if (store_now - version.modified_at <= options_.orphan_age_min) return {};
        ++report.orphans_found;
        if (seen_twice) orphans.push_back(version);
        return {};
      }));
  if (report.versions_listed > 0) {
    SATCHEL_ASSIGN_OR_RETURN(const bool has_documents, metadata_.HasDocuments(call));
    if (!has_documents) {
      return Stop(SweepStop::kDatabaseEmpty,
                  ConfigurationError("the database knows no document, but the store holds " +
                                     std::to_string(report.versions_listed) + " versions"),
                  report);
    }
  }
  if (report.orphans_found >
      std::max(options_.orphans_believed_max, report.versions_listed / kPercent)) {
    return Stop(SweepStop::kTooManyOrphans,
                ConfigurationError(std::to_string(report.orphans_found) + " of " +
                                   std::to_string(report.versions_listed) +
                                   " versions look orphaned; was an old backup of the database "
                                   "restored?"),
                report);
  }
  candidates_ = std::move(seen_now);
  return RemoveOrphans(call, orphans, report);
}

Status Sweeper::RemoveOrphans(const CallContext& call, const std::vector<StoredVersion>& orphans,
                              SweepReport& report) {
  Status first_failure;
  for (std::size_t begin = 0; begin < orphans.size(); begin += kRemovalBatch) {
    const std::size_t count = std::min(kRemovalBatch, orphans.size() - begin);
    const auto first = orphans.begin() + static_cast<std::ptrdiff_t>(begin);
    const std::vector<StoredVersion> batch(first, first + static_cast<std::ptrdiff_t>(count));
    // The listing may have taken long: asked once more right before.
    SATCHEL_ASSIGN_OR_RETURN(const std::vector<StoredVersion> still_orphaned,
                             FilterUnreferenced(call, metadata_, batch));
    for (const StoredVersion& orphan : still_orphaned) {
      SATCHEL_RETURN_IF_ERROR(call.Check());
      Status removed = objects_.Remove(call, orphan.object);
      if (removed.ok()) {
        ++report.orphans_removed;
        continue;
      }
      SATCHEL_RETURN_IF_ERROR(CheckFailureIsLocal(call, removed));
      ++report.row_failures;
      if (first_failure.ok()) first_failure = std::move(removed);
    }
  }
  if (!first_failure.ok()) {
    log_.Write(LogLevel::kWarning, "orphans could not be removed; the next search tries them again",
               {{"cause", first_failure.ToString()}});
  }
  return {};
}

void Sweeper::Log(const SweepReport& report) const {
  const LogFields fields = {{"uploadsFailed", std::to_string(report.uploads_failed)},
                            {"rowsRemoved", std::to_string(report.rows_removed)},
                            {"rowFailures", std::to_string(report.row_failures)},
                            {"versionsListed", std::to_string(report.versions_listed)},
                            {"orphansFound", std::to_string(report.orphans_found)},
                            {"orphansRemoved", std::to_string(report.orphans_removed)},
                            {"stop", std::string(NameOf(report.stop))},
                            {"cause", report.status.ToString()}};
  if (report.stop == SweepStop::kLeaseHeld || report.stop == SweepStop::kCancelled) {
    log_.Write(LogLevel::kDebug, "sweep left to another time or process", fields);
  } else if (!report.status.ok()) {
    log_.Write(LogLevel::kError, "sweep stopped", fields);
  } else if (report.uploads_failed + report.rows_removed + report.orphans_removed > 0) {
    log_.Write(LogLevel::kInfo, "sweep cleaned up", fields);
  } else if (report.orphans_found > 0) {
    log_.Write(LogLevel::kInfo, "sweep found objects that no row refers to", fields);
  } else {
    log_.Write(LogLevel::kDebug, "sweep found nothing to clean", fields);
  }
}

}  // namespace satchel
