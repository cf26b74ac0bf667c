/// Finishes what interrupted uploads and deletes have left, and removes what no row knows.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/call_context.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/status.h"
#include "ports/event_log.h"
#include "ports/metadata_store.h"
#include "ports/object_store.h"
#include "ports/sweep_observer.h"

namespace satchel {

struct SweeperOptions {
  /// No other process uploads to this database (the embedded store): at the start every PENDING
  /// row is of a dead upload, whatever its lease says.
  bool sole_uploader = false;
  /// Names this replica in the database's lease; empty where no other process can sweep.
  std::string lease_holder;
  std::chrono::seconds lease{600};
  /// An orphan goes one interval after it has become old enough, or two after the start.
  std::chrono::minutes orphan_search_interval{30};
  std::chrono::hours orphan_age_min = kOrphanAgeMin;
  /// More orphans than this, and than 1 % of all versions, are not believed.
  std::int64_t orphans_believed_max = 100;
  std::chrono::minutes clock_difference_max{5};
  int batch_rows = 200;                 ///< rows in memory
  std::size_t failed_rows_max = 1000;   ///< then the step ends; the next sweep begins behind them
  std::size_t candidates_max = 20'000;  ///< versions remembered from one search to the next
};

enum class SweepTrigger : std::uint8_t {
  kStartup,  ///< before the first upload is accepted: only ends dead uploads
  kTimer,
};

/// Thread-safe; sweeps of one Sweeper follow one another. What it is given must outlive it.
///
/// A sweep deletes nothing unless database and store belong together, and ends with the first call
/// that shows one of them away. A single row that cannot be cleaned is counted and left for the
/// next sweep. Being right does not depend on being alone.
class Sweeper {
 public:
  Sweeper(MetadataStore& metadata, ObjectStore& objects, const Clock& clock, EventLog& log,
          SweepObserver& observer, SweeperOptions options);

  /// Logs and reports to the observer what it returns.
  SweepReport RunOnce(const CallContext& call, SweepTrigger trigger);
  /// Only the rows of dead uploads and deleted documents; for repairs.
  SweepReport SweepRows(const CallContext& call);
  /// At the end of the process: lets another replica sweep at once. Best effort.
  void GiveUpLease(const CallContext& call);

 private:
  enum class Scope : std::uint8_t { kDeadUploads, kRows, kEverything };
  using FetchRows = std::function<Result<std::vector<Document>>(int limit)>;
  using CleanRow = std::function<Status(const Document& row)>;

  SweepReport Run(const CallContext& call, Scope scope, bool every_lease);
  Status Sweep(const CallContext& call, Scope scope, bool every_lease, SweepReport& report);
  Result<bool> AcquireLease(const CallContext& call);
  Status CheckPaired(const CallContext& call, SweepReport& report);
  Status FailDeadUploads(const CallContext& call, bool every_lease, SweepReport& report);
  Status RemoveGarbage(const CallContext& call, SweepReport& report);
  Status RemoveGarbageRow(const CallContext& call, const Document& row);
  Status CleanRows(const CallContext& call, const FetchRows& fetch, const CleanRow& clean,
                   std::int64_t& cleaned, SweepReport& report);
  Status CheckClocks(const CallContext& call, Timestamp* store_now, SweepReport& report);
  Status SearchOrphans(const CallContext& call, SweepReport& report);
  Status RemoveOrphans(const CallContext& call, const std::vector<StoredVersion>& orphans,
                       SweepReport& report);
  /// OK when `failure` is of one row only; else what shows that going on is pointless.
  Status CheckFailureIsLocal(const CallContext& call, const Status& failure);
  Status Stop(SweepStop stop, Status status, SweepReport& report) const;
  void Log(const SweepReport& report) const;

  MetadataStore& metadata_;
  ObjectStore& objects_;
  const Clock& clock_;
  EventLog& log_;
  SweepObserver& observer_;
  const SweeperOptions options_;

  std::mutex mutex_;  ///< held for a whole sweep; guards what follows
  Clock::SteadyTime next_orphan_search_;
  /// Where a sweep that met too many failures left off, for the next one to begin behind.
  std::optional<GarbagePosition> garbage_seen_;
  /// What the search before found unreferenced; empty after a search that did not end well.
  std::unordered_set<std::string> candidates_;
};

}  // namespace satchel
