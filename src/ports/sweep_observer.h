/// Port: told what the sweeper and fsck did; feeds the metrics.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/status.h"
#include "base/strong_string.h"

namespace satchel {

/// Why a sweep, or its search for orphans, ended before its work was done.
enum class SweepStop : std::uint8_t {
  kNone,
  kCallFailed,       ///< a call to the database or the store failed; SweepReport::status has it
  kStoreIdMismatch,  ///< the database belongs to another store
  kDatabaseEmpty,    ///< no document is known, but the store is not empty
  kTooManyOrphans,   ///< more versions look orphaned than can be believed
  kClocksDiffer,     ///< database and store do not agree on the time
  kLeaseHeld,        ///< another replica sweeps
  kCancelled,        ///< the process shuts down
};

/// "none", "call_failed", "store_id_mismatch", "database_empty", "too_many_orphans",
/// "clocks_differ", "lease_held", "cancelled": a metric's label.
std::string_view NameOf(SweepStop stop);

/// What one sweep did.
struct SweepReport {
  std::int64_t uploads_failed = 0;   ///< PENDING rows whose upload was dead
  std::int64_t rows_removed = 0;     ///< FAILED rows that went with their bytes
  std::int64_t row_failures = 0;     ///< rows and orphans that could not be cleaned yet
  bool orphans_searched = false;     ///< the search for orphans was due
  std::int64_t versions_listed = 0;  ///< versions that the store holds
  std::int64_t orphans_found = 0;    ///< of these old enough, and known to no row
  std::int64_t orphans_removed = 0;
  SweepStop stop = SweepStop::kNone;
  Status status;  ///< OK, or what made the sweep stop
};

/// Thread-safe; never blocks on a store.
class SweepObserver {
 public:
  virtual ~SweepObserver() = default;
  virtual void SweepEnded(const SweepReport& report) = 0;
  /// The counters of `user` were wrong and have been recounted: an alarm.
  virtual void UsageRepaired(const UserId& user) = 0;
};

}  // namespace satchel
