/// The metadata store over any SQL database that has a SqlDatabase. See ports/metadata_store.h for
/// what each method promises; prisma/ has the schema.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "adapters/sql/sql_database.h"
#include "ports/import_book.h"
#include "ports/metadata_store.h"

namespace satchel {

class SqlMetadataStore final : public MetadataStore, public ImportBook {
 public:
  /// The schema is the current one. Migrators may share `database`.
  explicit SqlMetadataStore(std::shared_ptr<SqlDatabase> database);
  ~SqlMetadataStore() override;

  // Uploads.
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

  // Documents.
  Result<std::optional<Document>> Find(const CallContext& call, const DocumentId& id) override;
  Result<std::optional<Deletion>> Delete(const CallContext& call, const UserId& user,
                                         const DocumentId& id, std::chrono::seconds retention,
                                         std::int64_t default_quota) override;
  Result<ListPage> List(const CallContext& call, const ListQuery& query) override;
  Status RecordHash(const CallContext& call, const DocumentId& id,
                    const ContentHash& sha256) override;
  Status RecordVersion(const CallContext& call, const DocumentId& id,
                       const ObjectVersion& version) override;

  // Usage.
  Result<Usage> GetUsage(const CallContext& call, const UserId& user,
                         std::int64_t default_quota) override;
  Status SetQuota(const CallContext& call, const UserId& user,
                  std::optional<std::int64_t> quota_bytes) override;
  Result<StorageTotals> GetStorageTotals(const CallContext& call, int users_max) override;
  Result<std::vector<UsageMismatch>> FindUsageMismatches(const CallContext& call) override;
  Status RepairUsage(const CallContext& call, const UserId& user) override;

  // Sweeping.
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
  Result<bool> HasDocuments(const CallContext& call) override;

  // Imports.
  Result<std::vector<ImportEntry>> ListImported(const CallContext& call,
                                                const ImportQuery& query) override;
  Result<std::vector<std::string>> ListSources(const CallContext& call) override;
  Status RemoveImported(const CallContext& call, const SourceRow& row) override;
  Result<std::vector<Document>> FindNameHolders(const CallContext& call,
                                                const std::vector<std::string>& paths) override;

  // The database as a whole.
  Status Probe(const CallContext& call) override;
  Result<Timestamp> Now(const CallContext& call) override;
  Result<std::optional<StoreId>> ReadStoreId(const CallContext& call) override;
  Status WriteStoreId(const CallContext& call, const StoreId& id) override;
  Result<bool> AcquireSweeperLease(const CallContext& call, const std::string& holder,
                                   std::chrono::seconds lease) override;

 private:
  const std::shared_ptr<SqlDatabase> database_;
};

}  // namespace satchel
