// The part of MemoryMetadataStore that is not the life of a document.
#include <iterator>
#include <set>
#include <utility>

#include "memory_metadata_store.h"

namespace satchel {

Result<std::vector<Document>> MemoryMetadataStore::ScanDocuments(const CallContext& call,
                                                                 const DocumentId& after,
                                                                 int limit) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  const std::lock_guard lock(mutex_);
  std::vector<Document> scanned;
  for (auto it = rows_.upper_bound(after);
       it != rows_.end() && scanned.size() < static_cast<std::size_t>(limit); ++it) {
    scanned.push_back(it->second.document);
  }
  return scanned;
}

Result<std::vector<UsageMismatch>> MemoryMetadataStore::FindUsageMismatches(
    const CallContext& call) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  const std::lock_guard lock(mutex_);
  std::set<UserId> everyone;
  for (const auto& [user, counters] : users_) everyone.insert(user);
  for (const auto& [id, row] : rows_) everyone.insert(row.document.user);
  std::vector<UsageMismatch> mismatches;
  for (const UserId& user : everyone) {
    const Counters counted = Count(user);
    UsageMismatch mismatch{UsageOf(user, 0), {}};
    mismatch.counted.user = user;
    mismatch.counted.file_count = counted.file_count;
    mismatch.counted.total_bytes = counted.total_bytes;
    mismatch.counted.reserved_bytes = counted.reserved_bytes;
    if (mismatch.recorded.file_count == counted.file_count &&
        mismatch.recorded.total_bytes == counted.total_bytes &&
        mismatch.recorded.reserved_bytes == counted.reserved_bytes) {
      continue;
    }
    mismatches.push_back(std::move(mismatch));
  }
  return mismatches;
}

Status MemoryMetadataStore::RepairUsage(const CallContext& call, const UserId& user) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  const std::lock_guard lock(mutex_);
  const Counters counted = Count(user);
  Counters& counters = users_[user];
  counters.file_count = counted.file_count;
  counters.total_bytes = counted.total_bytes;
  counters.reserved_bytes = counted.reserved_bytes;
  counters.updated_at = clock_.WallNow();
  return {};
}

Status MemoryMetadataStore::RecordHash(const CallContext& call, const DocumentId& id,
                                       const ContentHash& sha256) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  const std::lock_guard lock(mutex_);
  const auto found = rows_.find(id);
  if (found == rows_.end() || found->second.document.state != DocumentState::kCompleted) {
    return Status(Reason::kDocumentNotFound, "no such document");
  }
  Document& document = found->second.document;
  if (document.sha256.empty()) document.sha256 = sha256;
  return {};
}

Status MemoryMetadataStore::RecordVersion(const CallContext& call, const DocumentId& id,
                                          const ObjectVersion& version) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  const std::lock_guard lock(mutex_);
  const auto found = rows_.find(id);
  const auto lacks_it = [&](const Document& document) {
    return document.state == DocumentState::kCompleted &&
           (document.version.empty() || document.version == version);
  };
  if (found == rows_.end() || !lacks_it(found->second.document)) {
    return Status(Reason::kDocumentNotFound, "no such document lacks its version");
  }
  found->second.document.version = version;
  return {};
}

Status MemoryMetadataStore::Probe(const CallContext& call) { return call.Check(); }

Result<Timestamp> MemoryMetadataStore::Now(const CallContext& call) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  return clock_.WallNow();
}

Result<std::optional<StoreId>> MemoryMetadataStore::ReadStoreId(const CallContext& call) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  const std::lock_guard lock(mutex_);
  return store_id_;
}

Status MemoryMetadataStore::WriteStoreId(const CallContext& call, const StoreId& id) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  const std::lock_guard lock(mutex_);
  if (store_id_ && *store_id_ != id) return ConfigurationError("the database has an id");
  store_id_ = id;
  return {};
}

Result<bool> MemoryMetadataStore::HasDocuments(const CallContext& call) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  const std::lock_guard lock(mutex_);
  return !rows_.empty();
}

Result<bool> MemoryMetadataStore::AcquireSweeperLease(const CallContext& call,
                                                      const std::string& holder,
                                                      std::chrono::seconds lease) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  const std::lock_guard lock(mutex_);
  const Timestamp now = clock_.WallNow();
  if (!sweeper_.empty() && sweeper_ != holder && now < sweeper_until_) return false;
  sweeper_ = holder;
  sweeper_until_ = now + lease;
  return true;
}

std::vector<MemoryMetadataStore::Row> MemoryMetadataStore::rows() const {
  const std::lock_guard lock(mutex_);
  std::vector<Row> all;
  for (const auto& [id, row] : rows_) all.push_back(row);
  return all;
}

std::map<UserId, MemoryMetadataStore::Counters> MemoryMetadataStore::counters() const {
  const std::lock_guard lock(mutex_);
  return users_;
}

bool MemoryMetadataStore::quota_ever_exceeded() const {
  const std::lock_guard lock(mutex_);
  return quota_ever_exceeded_;
}

void MemoryMetadataStore::Insert(Row row) {
  const std::lock_guard lock(mutex_);
  paths_[row.path] = row.document.id;
  rows_[row.document.id] = std::move(row);
}

void MemoryMetadataStore::ChangeCounters(const UserId& user,
                                         const std::function<void(Counters&)>& change) {
  const std::lock_guard lock(mutex_);
  change(users_[user]);
}

void MemoryMetadataStore::SetStoreId(std::optional<StoreId> id) {
  const std::lock_guard lock(mutex_);
  store_id_ = std::move(id);
}

void MemoryMetadataStore::EraseAllDocuments() {
  const std::lock_guard lock(mutex_);
  rows_.clear();
  paths_.clear();
}

}  // namespace satchel
