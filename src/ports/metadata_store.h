/// Port: rows and counters. Each method is one whole operation, one transaction inside.
///
/// All methods block, are thread-safe, and return
///   DATABASE_UNAVAILABLE  not asked, or known not to have happened (retry later),
///   OUTCOME_UNKNOWN  a writing method only: it may have happened; find out by FindAttempt(),
///   CANCELLED, DEADLINE_EXCEEDED  from the call context, before anything was written,
///   INTERNAL  for what should not happen.
/// Edges of a row's state change exactly one row, fenced by id, state and attempt; a fenced method
/// that finds no such row returns UPLOAD_ABORTED.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/call_context.h"
#include "base/status.h"
#include "ports/document.h"
#include "ports/import_book.h"

namespace satchel {

struct ReserveRequest {
  DocumentId id;
  AttemptId attempt;
  UserId user;
  std::string category;
  std::string filename;
  std::string mime_type;
  std::int64_t size = 0;           ///< bytes
  std::int64_t default_quota = 0;  ///< bytes, for users without their own
  std::chrono::seconds lease{0};
  std::optional<Timestamp> created_at = {};  ///< none: the database's time
};

struct CompleteRequest {
  Document reserved;  ///< as Reserve() gave it
  ObjectVersion version;
  ContentHash sha256;
  std::optional<SourceRow> imported_from =
      {};  ///< goes into the import book in the same transaction
};

/// Newest first: position of the last document of the page before.
struct ListCursor {
  Timestamp created_at;
  DocumentId id;
};

struct ListQuery {
  UserId user;
  std::optional<std::string> category;
  std::optional<Day> day;
  std::optional<ListCursor> after;
  int page_size = 0;  ///< 1 to kPageSizeMax
};

struct ListPage {
  /// Without object_key, attempt, version and sha256, which no listing shows.
  std::vector<Document> documents;
  bool more = false;
  std::int64_t total_count = 0;
};

struct Deletion {
  Document document;
  Usage usage;  ///< after it
};

/// Where a FAILED row stands among all of them.
struct GarbagePosition {
  Timestamp purge_after;
  DocumentId id;

  auto operator<=>(const GarbagePosition&) const = default;
};

/// A FAILED row whose bytes are due to be removed.
struct Garbage {
  Document document;
  Timestamp due_at;  ///< since when its bytes may go, by the database's clock
  GarbagePosition position;
};

struct StorageTotals {
  struct User {
    UserId user;
    std::int64_t bytes = 0;
  };
  std::int64_t total_bytes = 0;
  std::vector<User> largest_users;  ///< largest first
  std::int64_t users_omitted = 0;
};

/// How one user's counters differ from the rows, in one snapshot.
struct UsageMismatch {
  Usage recorded;
  Usage counted;  ///< file_count, total_bytes and reserved_bytes only
};

class MetadataStore {
 public:
  virtual ~MetadataStore() = default;

  /// T1: a PENDING row, its name and its bytes of quota.
  /// DOCUMENT_ALREADY_EXISTS: resource() is the id of who holds the name, or the same id, metadata
  /// "status" its state, and retry_after() is set when that is PENDING. QUOTA_EXCEEDED: metadata
  /// limit, used, requested. The duplicate is found before the quota.
  virtual Result<Document> Reserve(const CallContext& call, const ReserveRequest& request) = 0;
  /// Moves the lease of a PENDING row to `lease` from now, by the database's clock.
  virtual Status RenewLease(const CallContext& call, const DocumentId& id, const AttemptId& attempt,
                            std::chrono::seconds lease) = 0;
  /// Keeps in a PENDING row which multipart upload its bytes go to, so that it can be aborted when
  /// the uploader is dead. Harmless to repeat.
  virtual Status RecordUpload(const CallContext& call, const DocumentId& id,
                              const AttemptId& attempt, const UploadId& upload) = 0;
  /// T2: PENDING → COMPLETED, usage moves from reserved to total. Durable when OK, and the document
  /// as it then is, but for updated_at, which the row alone has.
  /// DOCUMENT_ALREADY_EXISTS: the row that it comes from is in the import book already.
  virtual Result<Document> Complete(const CallContext& call, const CompleteRequest& request) = 0;
  /// T3: PENDING → FAILED, name and reservation back. The row stays until Forget().
  virtual Status Fail(const CallContext& call, const DocumentId& id, const AttemptId& attempt) = 0;
  /// T3 of an upload whose lease has run out, by the database's clock; UPLOAD_ABORTED also when its
  /// uploader has renewed it since it was found.
  virtual Status FailExpired(const CallContext& call, const DocumentId& id,
                             const AttemptId& attempt) = 0;
  /// FAILED → gone, after the bytes are gone. OK when there is no such row.
  virtual Status Forget(const CallContext& call, const DocumentId& id,
                        const AttemptId& attempt) = 0;
  /// The row of this attempt, in whatever state; nullopt: there is none. What it tells is durable.
  virtual Result<std::optional<Document>> FindAttempt(const CallContext& call, const DocumentId& id,
                                                      const AttemptId& attempt) = 0;

  /// The row with this id, in whatever state and of whichever user; nullopt: there is none.
  virtual Result<std::optional<Document>> Find(const CallContext& call, const DocumentId& id) = 0;
  /// D1: COMPLETED → deleted (FAILED with deleted_at), name given up, usage down; the bytes become
  /// garbage after `retention`. Durable when OK. nullopt: no COMPLETED document of this user.
  virtual Result<std::optional<Deletion>> Delete(const CallContext& call, const UserId& user,
                                                 const DocumentId& id,
                                                 std::chrono::seconds retention,
                                                 std::int64_t default_quota) = 0;
  virtual Result<ListPage> List(const CallContext& call, const ListQuery& query) = 0;
  /// Zeros for a user without a row.
  virtual Result<Usage> GetUsage(const CallContext& call, const UserId& user,
                                 std::int64_t default_quota) = 0;
  /// nullopt: back to the default.
  virtual Status SetQuota(const CallContext& call, const UserId& user,
                          std::optional<std::int64_t> quota_bytes) = 0;
  virtual Result<StorageTotals> GetStorageTotals(const CallContext& call, int users_max) = 0;

  // For the sweeper and fsck.

  /// At most `limit` PENDING rows whose lease ran out `expired_for` ago or earlier; nullopt: all
  /// PENDING rows (right only where this process is known to be the sole uploader and has no
  /// uploads).
  virtual Result<std::vector<Document>> FindExpiredUploads(
      const CallContext& call, std::optional<std::chrono::seconds> expired_for, int limit) = 0;
  /// At most `limit` FAILED rows behind `after` whose retention is over, by their position: those
  /// that had none come first, and are due whatever the clock says; then the oldest.
  virtual Result<std::vector<Garbage>> FindGarbage(const CallContext& call,
                                                   const std::optional<GarbagePosition>& after,
                                                   int limit) = 0;
  /// Which of `attempts` any row has, in whatever state.
  virtual Result<std::vector<AttemptId>> FilterKnownAttempts(
      const CallContext& call, const std::vector<AttemptId>& attempts) = 0;
  /// Which of `objects` any row refers to, in whatever state: by its version, or by its key where
  /// the row has no version (a row of another program, an upload under way or given up). Empty keys
  /// match none.
  virtual Result<std::vector<ObjectRef>> FilterReferencedVersions(
      const CallContext& call, const std::vector<ObjectRef>& objects) = 0;
  /// At most `limit` rows of all users and states with an id above `after`, by id.
  virtual Result<std::vector<Document>> ScanDocuments(const CallContext& call,
                                                      const DocumentId& after, int limit) = 0;
  /// I2 of all users, in one snapshot.
  virtual Result<std::vector<UsageMismatch>> FindUsageMismatches(const CallContext& call) = 0;
  /// Recounts one user's counters from the rows, in one transaction.
  virtual Status RepairUsage(const CallContext& call, const UserId& user) = 0;
  /// Records the hash of a COMPLETED document that another program wrote without one.
  virtual Status RecordHash(const CallContext& call, const DocumentId& id,
                            const ContentHash& sha256) = 0;
  /// Records which version of its key a COMPLETED document of another program has. What is recorded
  /// stays; DOCUMENT_NOT_FOUND: there is no such document, or another version is recorded.
  virtual Status RecordVersion(const CallContext& call, const DocumentId& id,
                               const ObjectVersion& version) = 0;

  virtual Status Probe(const CallContext& call) = 0;
  virtual Result<Timestamp> Now(const CallContext& call) = 0;
  /// The id that pairs the database with its object store; nullopt: a new database.
  virtual Result<std::optional<StoreId>> ReadStoreId(const CallContext& call) = 0;
  /// Only for a new database.
  virtual Status WriteStoreId(const CallContext& call, const StoreId& id) = 0;
  /// Whether any document row exists.
  virtual Result<bool> HasDocuments(const CallContext& call) = 0;
  /// One holder at a time across processes, by the database's clock; false: another holds it.
  virtual Result<bool> AcquireSweeperLease(const CallContext& call, const std::string& holder,
                                           std::chrono::seconds lease) = 0;
};

}  // namespace satchel
