#include "resilience/guarded_metadata_store.h"

namespace satchel {

Result<Document> GuardedMetadataStore::Reserve(const CallContext& call,
                                               const ReserveRequest& request) {
  return stack_.Run(call, CallLength::kShort,
                    [&](const CallContext& inner) { return inner_.Reserve(inner, request); });
}

Status GuardedMetadataStore::RenewLease(const CallContext& call, const DocumentId& id,
                                        const AttemptId& attempt, std::chrono::seconds lease) {
  return stack_.Run(call, CallLength::kShort, [&](const CallContext& inner) {
    return inner_.RenewLease(inner, id, attempt, lease);
  });
}

Status GuardedMetadataStore::RecordUpload(const CallContext& call, const DocumentId& id,
                                          const AttemptId& attempt, const UploadId& upload) {
  return stack_.Run(call, CallLength::kShort, [&](const CallContext& inner) {
    return inner_.RecordUpload(inner, id, attempt, upload);
  });
}

Result<Document> GuardedMetadataStore::Complete(const CallContext& call,
                                                const CompleteRequest& request) {
  return stack_.Run(call, CallLength::kShort,
                    [&](const CallContext& inner) { return inner_.Complete(inner, request); });
}

Status GuardedMetadataStore::Fail(const CallContext& call, const DocumentId& id,
                                  const AttemptId& attempt) {
  return stack_.Run(call, CallLength::kShort,
                    [&](const CallContext& inner) { return inner_.Fail(inner, id, attempt); });
}

Status GuardedMetadataStore::FailExpired(const CallContext& call, const DocumentId& id,
                                         const AttemptId& attempt) {
  return stack_.Run(call, CallLength::kShort, [&](const CallContext& inner) {
    return inner_.FailExpired(inner, id, attempt);
  });
}

Status GuardedMetadataStore::Forget(const CallContext& call, const DocumentId& id,
                                    const AttemptId& attempt) {
  return stack_.Run(call, CallLength::kShort,
                    [&](const CallContext& inner) { return inner_.Forget(inner, id, attempt); });
}

Result<std::optional<Document>> GuardedMetadataStore::FindAttempt(const CallContext& call,
                                                                  const DocumentId& id,
                                                                  const AttemptId& attempt) {
  return stack_.Run(call, CallLength::kShort, [&](const CallContext& inner) {
    return inner_.FindAttempt(inner, id, attempt);
  });
}

Result<std::optional<Document>> GuardedMetadataStore::Find(const CallContext& call,
                                                           const DocumentId& id) {
  return stack_.Run(call, CallLength::kShort,
                    [&](const CallContext& inner) { return inner_.Find(inner, id); });
}

Result<std::optional<Deletion>> GuardedMetadataStore::Delete(const CallContext& call,
                                                             const UserId& user,
                                                             const DocumentId& id,
                                                             std::chrono::seconds retention,
                                                             std::int64_t default_quota) {
  return stack_.Run(call, CallLength::kShort, [&](const CallContext& inner) {
    return inner_.Delete(inner, user, id, retention, default_quota);
  });
}

Result<ListPage> GuardedMetadataStore::List(const CallContext& call, const ListQuery& query) {
  return stack_.Run(call, CallLength::kShort,
                    [&](const CallContext& inner) { return inner_.List(inner, query); });
}

Result<Usage> GuardedMetadataStore::GetUsage(const CallContext& call, const UserId& user,
                                             std::int64_t default_quota) {
  return stack_.Run(call, CallLength::kShort, [&](const CallContext& inner) {
    return inner_.GetUsage(inner, user, default_quota);
  });
}

Status GuardedMetadataStore::SetQuota(const CallContext& call, const UserId& user,
                                      std::optional<std::int64_t> quota_bytes) {
  return stack_.Run(call, CallLength::kShort, [&](const CallContext& inner) {
    return inner_.SetQuota(inner, user, quota_bytes);
  });
}

Result<StorageTotals> GuardedMetadataStore::GetStorageTotals(const CallContext& call,
                                                             int users_max) {
  return stack_.Run(call, CallLength::kScan, [&](const CallContext& inner) {
    return inner_.GetStorageTotals(inner, users_max);
  });
}

Result<std::vector<Document>> GuardedMetadataStore::FindExpiredUploads(
    const CallContext& call, std::optional<std::chrono::seconds> expired_for, int limit) {
  return stack_.Run(call, CallLength::kScan, [&](const CallContext& inner) {
    return inner_.FindExpiredUploads(inner, expired_for, limit);
  });
}

Result<std::vector<Garbage>> GuardedMetadataStore::FindGarbage(
    const CallContext& call, const std::optional<GarbagePosition>& after, int limit) {
  return stack_.Run(call, CallLength::kScan, [&](const CallContext& inner) {
    return inner_.FindGarbage(inner, after, limit);
  });
}

Result<std::vector<AttemptId>> GuardedMetadataStore::FilterKnownAttempts(
    const CallContext& call, const std::vector<AttemptId>& attempts) {
  return stack_.Run(call, CallLength::kScan, [&](const CallContext& inner) {
    return inner_.FilterKnownAttempts(inner, attempts);
  });
}

Result<std::vector<ObjectRef>> GuardedMetadataStore::FilterReferencedVersions(
    const CallContext& call, const std::vector<ObjectRef>& objects) {
  return stack_.Run(call, CallLength::kScan, [&](const CallContext& inner) {
    return inner_.FilterReferencedVersions(inner, objects);
  });
}

Result<std::vector<Document>> GuardedMetadataStore::ScanDocuments(const CallContext& call,
                                                                  const DocumentId& after,
                                                                  int limit) {
  return stack_.Run(call, CallLength::kScan, [&](const CallContext& inner) {
    return inner_.ScanDocuments(inner, after, limit);
  });
}

Result<std::vector<UsageMismatch>> GuardedMetadataStore::FindUsageMismatches(
    const CallContext& call) {
  return stack_.Run(call, CallLength::kScan,
                    [&](const CallContext& inner) { return inner_.FindUsageMismatches(inner); });
}

Status GuardedMetadataStore::RepairUsage(const CallContext& call, const UserId& user) {
  return stack_.Run(call, CallLength::kScan,
                    [&](const CallContext& inner) { return inner_.RepairUsage(inner, user); });
}

Status GuardedMetadataStore::RecordHash(const CallContext& call, const DocumentId& id,
                                        const ContentHash& sha256) {
  return stack_.Run(call, CallLength::kShort,
                    [&](const CallContext& inner) { return inner_.RecordHash(inner, id, sha256); });
}

Status GuardedMetadataStore::RecordVersion(const CallContext& call, const DocumentId& id,
                                           const ObjectVersion& version) {
  return stack_.Run(call, CallLength::kShort, [&](const CallContext& inner) {
    return inner_.RecordVersion(inner, id, version);
  });
}

Status GuardedMetadataStore::Probe(const CallContext& call) {
  return stack_.Run(call, CallLength::kShort,
                    [&](const CallContext& inner) { return inner_.Probe(inner); });
}

Result<Timestamp> GuardedMetadataStore::Now(const CallContext& call) {
  return stack_.Run(call, CallLength::kShort,
                    [&](const CallContext& inner) { return inner_.Now(inner); });
}

Result<std::optional<StoreId>> GuardedMetadataStore::ReadStoreId(const CallContext& call) {
  return stack_.Run(call, CallLength::kShort,
                    [&](const CallContext& inner) { return inner_.ReadStoreId(inner); });
}

Status GuardedMetadataStore::WriteStoreId(const CallContext& call, const StoreId& id) {
  return stack_.Run(call, CallLength::kShort,
                    [&](const CallContext& inner) { return inner_.WriteStoreId(inner, id); });
}

Result<bool> GuardedMetadataStore::HasDocuments(const CallContext& call) {
  return stack_.Run(call, CallLength::kShort,
                    [&](const CallContext& inner) { return inner_.HasDocuments(inner); });
}

Result<bool> GuardedMetadataStore::AcquireSweeperLease(const CallContext& call,
                                                       const std::string& holder,
                                                       std::chrono::seconds lease) {
  return stack_.Run(call, CallLength::kShort, [&](const CallContext& inner) {
    return inner_.AcquireSweeperLease(inner, holder, lease);
  });
}

}  // namespace satchel
