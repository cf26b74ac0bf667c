/// What `satchel fsck` does: proves I1 (bytes), I2 (usage) and I5 (garbage) of the whole store.
///
///   I1  a COMPLETED document's bytes are there, of the row's length and SHA-256;
///   I2  the counters of every user are the sums over the rows;
///   I5  what dead uploads and deletes have left is gone in time.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/call_context.h"
#include "base/limits.h"
#include "base/status.h"
#include "core/sweeper.h"
#include "ports/event_log.h"
#include "ports/metadata_store.h"
#include "ports/object_store.h"
#include "ports/sweep_observer.h"

namespace satchel {

enum class FindingKind : std::uint8_t {
  kObjectMissing,     ///< I1
  kLengthDiffers,     ///< I1
  kHashDiffers,       ///< I1
  kObjectUnreadable,  ///< I1: the store works, but does not give these bytes
  kUsageDiffers,      ///< I2
  kUploadExpired,     ///< I5: a dead upload still holds its name and quota
  kGarbageOverdue,    ///< I5: bytes of a failed or deleted document are still there
  kOrphan,            ///< I5: bytes that no row knows, older than kOrphanAgeMin
};

/// "object_missing" and so on: for machines.
std::string_view NameOf(FindingKind kind);
/// "I1", "I2" or "I5".
std::string_view InvariantOf(FindingKind kind);

struct Finding {
  FindingKind kind = FindingKind::kObjectMissing;
  DocumentId document;  ///< empty for kUsageDiffers and kOrphan
  UserId user;          ///< empty for kOrphan
  ObjectRef object;     ///< empty for kUsageDiffers
  std::string message;  ///< for people: what differs
  bool repaired = false;
};

struct ConsistencyProgress {
  std::int64_t documents_checked = 0;
  std::int64_t bytes_read = 0;
};

/// Called from within ConsistencyCheck::Run().
class ConsistencyListener {
 public:
  virtual ~ConsistencyListener() = default;
  virtual void OnFinding(const Finding& finding) = 0;
  /// After each document.
  virtual void OnProgress(const ConsistencyProgress& progress) = 0;
};

struct ConsistencyOptions {
  bool repair = false;
  std::chrono::hours orphan_age_min = kOrphanAgeMin;
  /// How long a sweeper may take to remove what is due.
  std::chrono::minutes garbage_delay_max{15};
  int batch_rows = 200;            ///< rows in memory
  int reported_rows_max = 10'000;  ///< dead uploads, and overdue garbage, that one run reports
};

struct ConsistencySummary {
  ConsistencyProgress checked;
  std::int64_t findings = 0;  ///< repaired ones too
  std::int64_t repaired = 0;
  std::int64_t documents_without_hash = 0;  ///< only their length could be checked
  std::int64_t hashes_recorded = 0;         ///< of these
  std::int64_t versions_listed = 0;
  std::int64_t young_orphans = 0;  ///< not old enough to be a finding
};

/// One check at a time per object; the service may run meanwhile. What it is given must outlive it.
///
/// Without `repair` nothing is written. With it counters are recounted (an alarm in log and
/// metrics), missing hashes recorded, rows swept, and old orphans removed, however many: the
/// operator's word stands above the number that the sweeper believes. A damaged document is never
/// touched.
class ConsistencyCheck {
 public:
  ConsistencyCheck(MetadataStore& metadata, ObjectStore& objects, Sweeper& sweeper, EventLog& log,
                   SweepObserver& observer, ConsistencyOptions options);

  /// An error: the check could not be finished; what was found before has been reported.
  Result<ConsistencySummary> Run(const CallContext& call, ConsistencyListener& listener);

 private:
  struct Pass;

  Status CheckDocuments(const CallContext& call, Pass& pass);
  Status CheckDocument(const CallContext& call, const Document& document, Pass& pass);
  Result<std::optional<Finding>> CompareBytes(const CallContext& call, const Document& document,
                                              ContentHash* sha256, Pass& pass);
  Result<bool> StillStored(const CallContext& call, const Document& document);
  Status CheckUsage(const CallContext& call, Pass& pass);
  Status CheckDeadRows(const CallContext& call, Pass& pass);
  Status CheckOrphans(const CallContext& call, Pass& pass);
  /// false: it could not be removed, or is no orphan any more.
  Result<bool> RemoveOrphan(const CallContext& call, const StoredVersion& version);

  MetadataStore& metadata_;
  ObjectStore& objects_;
  Sweeper& sweeper_;
  EventLog& log_;
  SweepObserver& observer_;
  const ConsistencyOptions options_;
};

}  // namespace satchel
