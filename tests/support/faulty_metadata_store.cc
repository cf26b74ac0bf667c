#include "faulty_metadata_store.h"

namespace satchel {
namespace {

FaultyMethod Read(std::string_view name) {
  return {name, Reason::kDatabaseUnavailable, Reason::kDatabaseUnavailable, false};
}

FaultyMethod Write(std::string_view name) {
  return {name, Reason::kDatabaseUnavailable, Reason::kOutcomeUnknown, true};
}

}  // namespace

Result<Document> FaultyMetadataStore::Reserve(const CallContext& call,
                                              const ReserveRequest& request) {
  return faults_.Call<Result<Document>>(
      call, Write("Reserve"),
      [this, request](const CallContext& context) { return inner_.Reserve(context, request); });
}

Status FaultyMetadataStore::RenewLease(const CallContext& call, const DocumentId& id,
                                       const AttemptId& attempt, std::chrono::seconds lease) {
  return faults_.Call<Status>(call, Write("RenewLease"),
                              [this, id, attempt, lease](const CallContext& context) {
                                return inner_.RenewLease(context, id, attempt, lease);
                              });
}

Status FaultyMetadataStore::RecordUpload(const CallContext& call, const DocumentId& id,
                                         const AttemptId& attempt, const UploadId& upload) {
  return faults_.Call<Status>(call, Write("RecordUpload"),
                              [this, id, attempt, upload](const CallContext& context) {
                                return inner_.RecordUpload(context, id, attempt, upload);
                              });
}

Result<Document> FaultyMetadataStore::Complete(const CallContext& call,
                                               const CompleteRequest& request) {
  return faults_.Call<Result<Document>>(
      call, Write("Complete"),
      [this, request](const CallContext& context) { return inner_.Complete(context, request); });
}

Status FaultyMetadataStore::Fail(const CallContext& call, const DocumentId& id,
                                 const AttemptId& attempt) {
  return faults_.Call<Status>(call, Write("Fail"), [this, id, attempt](const CallContext& context) {
    return inner_.Fail(context, id, attempt);
  });
}

Status FaultyMetadataStore::FailExpired(const CallContext& call, const DocumentId& id,
                                        const AttemptId& attempt) {
  return faults_.Call<Status>(call, Write("FailExpired"),
                              [this, id, attempt](const CallContext& context) {
                                return inner_.FailExpired(context, id, attempt);
                              });
}

Status FaultyMetadataStore::Forget(const CallContext& call, const DocumentId& id,
                                   const AttemptId& attempt) {
  return faults_.Call<Status>(call, Write("Forget"),
                              [this, id, attempt](const CallContext& context) {
                                return inner_.Forget(context, id, attempt);
                              });
}

Result<std::optional<Document>> FaultyMetadataStore::FindAttempt(const CallContext& call,
                                                                 const DocumentId& id,
                                                                 const AttemptId& attempt) {
  return faults_.Call<Result<std::optional<Document>>>(
      call, Read("FindAttempt"),
      [&](const CallContext& context) { return inner_.FindAttempt(context, id, attempt); });
}

Result<std::optional<Document>> FaultyMetadataStore::Find(const CallContext& call,
                                                          const DocumentId& id) {
  return faults_.Call<Result<std::optional<Document>>>(
      call, Read("Find"), [&](const CallContext& context) { return inner_.Find(context, id); });
}

Result<std::optional<Deletion>> FaultyMetadataStore::Delete(const CallContext& call,
                                                            const UserId& user,
                                                            const DocumentId& id,
                                                            std::chrono::seconds retention,
                                                            std::int64_t default_quota) {
  return faults_.Call<Result<std::optional<Deletion>>>(
      call, Write("Delete"),
      [this, user, id, retention, default_quota](const CallContext& context) {
        return inner_.Delete(context, user, id, retention, default_quota);
      });
}

Result<ListPage> FaultyMetadataStore::List(const CallContext& call, const ListQuery& query) {
  return faults_.Call<Result<ListPage>>(
      call, Read("List"), [&](const CallContext& context) { return inner_.List(context, query); });
}

Result<Usage> FaultyMetadataStore::GetUsage(const CallContext& call, const UserId& user,
                                            std::int64_t default_quota) {
  return faults_.Call<Result<Usage>>(call, Read("GetUsage"), [&](const CallContext& context) {
    return inner_.GetUsage(context, user, default_quota);
  });
}

Status FaultyMetadataStore::SetQuota(const CallContext& call, const UserId& user,
                                     std::optional<std::int64_t> quota_bytes) {
  return faults_.Call<Status>(call, Write("SetQuota"),
                              [this, user, quota_bytes](const CallContext& context) {
                                return inner_.SetQuota(context, user, quota_bytes);
                              });
}

Result<StorageTotals> FaultyMetadataStore::GetStorageTotals(const CallContext& call,
                                                            int users_max) {
  return faults_.Call<Result<StorageTotals>>(
      call, Read("GetStorageTotals"),
      [&](const CallContext& context) { return inner_.GetStorageTotals(context, users_max); });
}

Result<std::vector<Document>> FaultyMetadataStore::FindExpiredUploads(
    const CallContext& call, std::optional<std::chrono::seconds> expired_for, int limit) {
  return faults_.Call<Result<std::vector<Document>>>(
      call, Read("FindExpiredUploads"), [&](const CallContext& context) {
        return inner_.FindExpiredUploads(context, expired_for, limit);
      });
}

Result<std::vector<Garbage>> FaultyMetadataStore::FindGarbage(
    const CallContext& call, const std::optional<GarbagePosition>& after, int limit) {
  return faults_.Call<Result<std::vector<Garbage>>>(
      call, Read("FindGarbage"),
      [&](const CallContext& context) { return inner_.FindGarbage(context, after, limit); });
}

Result<std::vector<AttemptId>> FaultyMetadataStore::FilterKnownAttempts(
    const CallContext& call, const std::vector<AttemptId>& attempts) {
  return faults_.Call<Result<std::vector<AttemptId>>>(
      call, Read("FilterKnownAttempts"),
      [&](const CallContext& context) { return inner_.FilterKnownAttempts(context, attempts); });
}

Result<std::vector<ObjectRef>> FaultyMetadataStore::FilterReferencedVersions(
    const CallContext& call, const std::vector<ObjectRef>& objects) {
  return faults_.Call<Result<std::vector<ObjectRef>>>(
      call, Read("FilterReferencedVersions"), [&](const CallContext& context) {
        return inner_.FilterReferencedVersions(context, objects);
      });
}

Result<std::vector<Document>> FaultyMetadataStore::ScanDocuments(const CallContext& call,
                                                                 const DocumentId& after,
                                                                 int limit) {
  return faults_.Call<Result<std::vector<Document>>>(
      call, Read("ScanDocuments"),
      [&](const CallContext& context) { return inner_.ScanDocuments(context, after, limit); });
}

Result<std::vector<UsageMismatch>> FaultyMetadataStore::FindUsageMismatches(
    const CallContext& call) {
  return faults_.Call<Result<std::vector<UsageMismatch>>>(
      call, Read("FindUsageMismatches"),
      [&](const CallContext& context) { return inner_.FindUsageMismatches(context); });
}

Status FaultyMetadataStore::RepairUsage(const CallContext& call, const UserId& user) {
  return faults_.Call<Status>(call, Write("RepairUsage"), [this, user](const CallContext& context) {
    return inner_.RepairUsage(context, user);
  });
}

Status FaultyMetadataStore::RecordHash(const CallContext& call, const DocumentId& id,
                                       const ContentHash& sha256) {
  return faults_.Call<Status>(call, Write("RecordHash"),
                              [this, id, sha256](const CallContext& context) {
                                return inner_.RecordHash(context, id, sha256);
                              });
}

Status FaultyMetadataStore::RecordVersion(const CallContext& call, const DocumentId& id,
                                          const ObjectVersion& version) {
  return faults_.Call<Status>(call, Write("RecordVersion"),
                              [this, id, version](const CallContext& context) {
                                return inner_.RecordVersion(context, id, version);
                              });
}

Status FaultyMetadataStore::Probe(const CallContext& call) {
  return faults_.Call<Status>(call, Read("ProbeDatabase"),
                              [&](const CallContext& context) { return inner_.Probe(context); });
}

Result<Timestamp> FaultyMetadataStore::Now(const CallContext& call) {
  return faults_.Call<Result<Timestamp>>(
      call, Read("DatabaseNow"), [&](const CallContext& context) { return inner_.Now(context); });
}

Result<std::optional<StoreId>> FaultyMetadataStore::ReadStoreId(const CallContext& call) {
  return faults_.Call<Result<std::optional<StoreId>>>(
      call, Read("ReadStoreIdOfDatabase"),
      [&](const CallContext& context) { return inner_.ReadStoreId(context); });
}

Status FaultyMetadataStore::WriteStoreId(const CallContext& call, const StoreId& id) {
  return faults_.Call<Status>(
      call, Write("WriteStoreIdOfDatabase"),
      [this, id](const CallContext& context) { return inner_.WriteStoreId(context, id); });
}

Result<bool> FaultyMetadataStore::HasDocuments(const CallContext& call) {
  return faults_.Call<Result<bool>>(call, Read("HasDocuments"), [&](const CallContext& context) {
    return inner_.HasDocuments(context);
  });
}

Result<bool> FaultyMetadataStore::AcquireSweeperLease(const CallContext& call,
                                                      const std::string& holder,
                                                      std::chrono::seconds lease) {
  return faults_.Call<Result<bool>>(call, Write("AcquireSweeperLease"),
                                    [this, holder, lease](const CallContext& context) {
                                      return inner_.AcquireSweeperLease(context, holder, lease);
                                    });
}

}  // namespace satchel
