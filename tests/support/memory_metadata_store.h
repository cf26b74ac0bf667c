/// A metadata store in memory, faithful to its port.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "ports/metadata_store.h"

namespace satchel {

/// Thread-safe. The clock, which is the database's, must outlive it.
class MemoryMetadataStore final : public MetadataStore {
 public:
  struct Row {
    Document document;
    std::string path;                 ///< unique; the object key, or released/{id}
    std::optional<Timestamp> lease;   ///< of a PENDING row: until when
    std::optional<Timestamp> due_at;  ///< of a FAILED row with a retention: its end
  };
  struct Counters {
    std::int32_t file_count = 0;
    std::int64_t total_bytes = 0;
    std::int64_t reserved_bytes = 0;
    std::optional<std::int64_t> quota;
    std::optional<Timestamp> updated_at;
  };

  explicit MemoryMetadataStore(const Clock& clock) : clock_(clock) {}

  Result<Document> Reserve(const CallContext& call, const ReserveRequest& request) override;
  Status RenewLease(const CallContext& call, const DocumentId& id, const AttemptId& attempt,
                    std::chrono::seconds lease) override;
  Status RecordUpload(const CallContext& call, const DocumentId& id, const AttemptId& attempt,
                      const UploadId& upload) override;
  Result<Document> Complete(const CallContext& call, const CompleteRequest& request) override;
  Status Fail(const CallContext& call, const DocumentId& id, const AttemptId& attempt) override;
  Status FailExpired(const CallContext& call, const DocumentId& id,
                     const AttemptId& attempt) override;
  Status Forget(const CallContext& call, const DocumentId& id, const AttemptId& attempt) override;
  Result<std::optional<Document>> FindAttempt(const CallContext& call, const DocumentId& id,
                                              const AttemptId& attempt) override;
  Result<std::optional<Document>> Find(const CallContext& call, const DocumentId& id) override;
  Result<std::optional<Deletion>> Delete(const CallContext& call, const UserId& user,
                                         const DocumentId& id, std::chrono::seconds retention,
                                         std::int64_t default_quota) override;
  Result<ListPage> List(const CallContext& call, const ListQuery& query) override;
  Result<Usage> GetUsage(const CallContext& call, const UserId& user,
                         std::int64_t default_quota) override;
  Status SetQuota(const CallContext& call, const UserId& user,
                  std::optional<std::int64_t> quota_bytes) override;
  Result<StorageTotals> GetStorageTotals(const CallContext& call, int users_max) override;
  Result<std::vector<Document>> FindExpiredUploads(const CallContext& call,
                                                   std::optional<std::chrono::seconds> expired_for,
                                                   int limit) override;
  Result<std::vector<Garbage>> FindGarbage(const CallContext& call,
                                           const std::optional<GarbagePosition>& after,
                                           int limit) override;
  Result<std::vector<AttemptId>> FilterKnownAttempts(
      const CallContext& call, const std::vector<AttemptId>& attempts) override;
  Result<std::vector<ObjectRef>> FilterReferencedVersions(
      const CallContext& call, const std::vector<ObjectRef>& objects) override;
  Result<std::vector<Document>> ScanDocuments(const CallContext& call, const DocumentId& after,
                                              int limit) override;
  Result<std::vector<UsageMismatch>> FindUsageMismatches(const CallContext& call) override;
  Status RepairUsage(const CallContext& call, const UserId& user) override;
  Status RecordHash(const CallContext& call, const DocumentId& id,
                    const ContentHash& sha256) override;
  Status RecordVersion(const CallContext& call, const DocumentId& id,
                       const ObjectVersion& version) override;
  Status Probe(const CallContext& call) override;
  Result<Timestamp> Now(const CallContext& call) override;
  Result<std::optional<StoreId>> ReadStoreId(const CallContext& call) override;
  Status WriteStoreId(const CallContext& call, const StoreId& id) override;
  Result<bool> HasDocuments(const CallContext& call) override;
  Result<bool> AcquireSweeperLease(const CallContext& call, const std::string& holder,
                                   std::chrono::seconds lease) override;

  // What tests look at, and what they do behind the service's back.

  std::vector<Row> rows() const;
  std::map<UserId, Counters> counters() const;
  /// Whether I3 was broken at any commit so far.
  bool quota_ever_exceeded() const;
  /// As another program would write it; its counters are not touched.
  void Insert(Row row);
  void ChangeCounters(const UserId& user, const std::function<void(Counters&)>& change);
  void SetStoreId(std::optional<StoreId> id);
  void EraseAllDocuments();

 private:
  std::int64_t QuotaOf(const Counters& user, std::int64_t default_quota) const;
  Usage UsageOf(const UserId& user, std::int64_t default_quota) const;
  Counters Count(const UserId& user) const;
  /// The row, when it is in this state and of this attempt.
  Row* FindFenced(const DocumentId& id, DocumentState state, const AttemptId& attempt);
  Status FailIf(const CallContext& call, const DocumentId& id, const AttemptId& attempt,
                const std::function<bool(const Row&)>& may_fail);
  void GiveUp(Row& row, std::chrono::seconds retention);

  const Clock& clock_;
  mutable std::mutex mutex_;  ///< a transaction at a time; guards what follows
  std::map<DocumentId, Row> rows_;
  std::map<std::string, DocumentId> paths_;
  std::map<UserId, Counters> users_;
  std::optional<StoreId> store_id_;
  std::string sweeper_;
  Timestamp sweeper_until_;
  bool quota_ever_exceeded_ = false;
};

}  // namespace satchel
