#include "memory_metadata_store.h"

#include <algorithm>
#include <set>
#include <utility>

namespace satchel {
namespace {

Status LeaseLost() { return Status(Reason::kUploadAborted, "no such row of this attempt"); }

bool IsNewer(const Document& a, const Document& b) {
  return a.created_at != b.created_at ? a.created_at > b.created_at : a.id > b.id;
}

bool Matches(const ListQuery& query, const Document& document) {
  return document.state == DocumentState::kCompleted && document.user == query.user &&
         (!query.category || document.category == *query.category) &&
         (!query.day || std::chrono::floor<std::chrono::days>(document.created_at) == *query.day);
}

}  // namespace

std::int64_t MemoryMetadataStore::QuotaOf(const Counters& user, std::int64_t default_quota) const {
  return user.quota.value_or(default_quota);
}

Usage MemoryMetadataStore::UsageOf(const UserId& user, std::int64_t default_quota) const {
  const auto found = users_.find(user);
  const Counters counters = found == users_.end() ? Counters() : found->second;
  return {.user = user,
          .file_count = counters.file_count,
          .total_bytes = counters.total_bytes,
          .reserved_bytes = counters.reserved_bytes,
          .quota_bytes = QuotaOf(counters, default_quota),
          .quota_is_own = counters.quota.has_value(),
          .updated_at = counters.updated_at};
}

MemoryMetadataStore::Counters MemoryMetadataStore::Count(const UserId& user) const {
  Counters counted;
  for (const auto& [id, row] : rows_) {
    if (row.document.user != user) continue;
    if (row.document.state == DocumentState::kCompleted) {
      ++counted.file_count;
      counted.total_bytes += row.document.size;
    } else if (row.document.state == DocumentState::kPending) {
      counted.reserved_bytes += row.document.size;
    }
  }
  return counted;
}

MemoryMetadataStore::Row* MemoryMetadataStore::FindFenced(const DocumentId& id, DocumentState state,
                                                          const AttemptId& attempt) {
  const auto found = rows_.find(id);
  if (found == rows_.end()) return nullptr;
  Row& row = found->second;
  return row.document.state == state && row.document.attempt == attempt ? &row : nullptr;
}

void MemoryMetadataStore::GiveUp(Row& row, std::chrono::seconds retention) {
  paths_.erase(row.path);
  row.path = "released/" + row.document.id.value();
  paths_[row.path] = row.document.id;
  row.document.state = DocumentState::kFailed;
  row.document.updated_at = clock_.WallNow();
  row.lease.reset();
  row.due_at.reset();
  if (retention.count() > 0) row.due_at = clock_.WallNow() + retention;
}

Result<Document> MemoryMetadataStore::Reserve(const CallContext& call,
                                              const ReserveRequest& request) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  const std::lock_guard lock(mutex_);
  const Timestamp now = clock_.WallNow();
  const Timestamp created_at = request.created_at.value_or(now);
  std::string path = ObjectKey(request.user, request.category, request.filename, created_at);
  if (const auto holder = paths_.find(path); holder != paths_.end()) {
    const Document& held = rows_.at(holder->second).document;
    Status exists = Status(Reason::kDocumentAlreadyExists, "the name is taken")
                        .WithResource(held.id.value())
                        .WithMetadata("status", std::string(NameOf(held.state)));
    if (held.state != DocumentState::kPending) return exists;
    return exists.WithRetryAfter(std::chrono::seconds(1));
  }
  if (const auto same = rows_.find(request.id); same != rows_.end()) {
    return Status(Reason::kDocumentAlreadyExists, "the id is in use")
        .WithResource(request.id.value())
        .WithMetadata("status", std::string(NameOf(same->second.document.state)));
  }
  const Usage usage = UsageOf(request.user, request.default_quota);
  const std::int64_t used = usage.total_bytes + usage.reserved_bytes;
  if (request.size > usage.quota_bytes - used) {
    return Status(Reason::kQuotaExceeded, "over quota")
        .WithMetadata("limit", std::to_string(usage.quota_bytes))
        .WithMetadata("used", std::to_string(used))
        .WithMetadata("requested", std::to_string(request.size));
  }
  Row row{.document = {.id = request.id,
                       .state = DocumentState::kPending,
                       .user = request.user,
                       .category = request.category,
                       .filename = request.filename,
                       .object_key = path,
                       .size = request.size,
                       .mime_type = request.mime_type,
                       .created_at = created_at,
                       .updated_at = now,
                       .attempt = request.attempt,
                       .version = {},
                       .sha256 = {}},
          .path = path,
          .lease = now + request.lease,
          .due_at = {}};
  Counters& counters = users_[request.user];
  counters.reserved_bytes += request.size;
  if (counters.total_bytes + counters.reserved_bytes > QuotaOf(counters, request.default_quota)) {
    quota_ever_exceeded_ = true;
  }
  paths_[path] = request.id;
  return rows_.emplace(request.id, std::move(row)).first->second.document;
}

Status MemoryMetadataStore::RenewLease(const CallContext& call, const DocumentId& id,
                                       const AttemptId& attempt, std::chrono::seconds lease) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  const std::lock_guard lock(mutex_);
  Row* row = FindFenced(id, DocumentState::kPending, attempt);
  if (row == nullptr) return LeaseLost();
  row->lease = clock_.WallNow() + lease;
  return {};
}

Status MemoryMetadataStore::RecordUpload(const CallContext& call, const DocumentId& id,
                                         const AttemptId& attempt, const UploadId& upload) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  const std::lock_guard lock(mutex_);
  Row* row = FindFenced(id, DocumentState::kPending, attempt);
  if (row == nullptr) return LeaseLost();
  row->document.upload = upload;
  return {};
}

Result<Document> MemoryMetadataStore::Complete(const CallContext& call,
                                               const CompleteRequest& request) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  const std::lock_guard lock(mutex_);
  Row* row = FindFenced(request.reserved.id, DocumentState::kPending, request.reserved.attempt);
  if (row == nullptr) return LeaseLost();
  row->document.state = DocumentState::kCompleted;
  row->document.version = request.version;
  row->document.sha256 = request.sha256;
  row->document.updated_at = clock_.WallNow();
  row->lease.reset();
  Counters& counters = users_[row->document.user];
  counters.reserved_bytes -= row->document.size;
  counters.total_bytes += row->document.size;
  ++counters.file_count;
  counters.updated_at = clock_.WallNow();
  return row->document;
}

Status MemoryMetadataStore::Fail(const CallContext& call, const DocumentId& id,
                                 const AttemptId& attempt) {
  return FailIf(call, id, attempt, [](const Row&) { return true; });
}

Status MemoryMetadataStore::FailExpired(const CallContext& call, const DocumentId& id,
                                        const AttemptId& attempt) {
  return FailIf(call, id, attempt,
                [&](const Row& row) { return row.lease && *row.lease <= clock_.WallNow(); });
}

Status MemoryMetadataStore::FailIf(const CallContext& call, const DocumentId& id,
                                   const AttemptId& attempt,
                                   const std::function<bool(const Row&)>& may_fail) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  const std::lock_guard lock(mutex_);
  Row* row = FindFenced(id, DocumentState::kPending, attempt);
  if (row == nullptr || !may_fail(*row)) return LeaseLost();
  users_[row->document.user].reserved_bytes -= row->document.size;
  GiveUp(*row, std::chrono::seconds(0));
  return {};
}

Status MemoryMetadataStore::Forget(const CallContext& call, const DocumentId& id,
                                   const AttemptId& attempt) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  const std::lock_guard lock(mutex_);
  const Row* row = FindFenced(id, DocumentState::kFailed, attempt);
  if (row == nullptr) return {};
  paths_.erase(row->path);
  rows_.erase(id);
  return {};
}

Result<std::optional<Document>> MemoryMetadataStore::FindAttempt(const CallContext& call,
                                                                 const DocumentId& id,
                                                                 const AttemptId& attempt) {
  SATCHEL_ASSIGN_OR_RETURN(std::optional<Document> found, Find(call, id));
  if (found && found->attempt != attempt) found.reset();
  return found;
}

Result<std::optional<Document>> MemoryMetadataStore::Find(const CallContext& call,
                                                          const DocumentId& id) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  const std::lock_guard lock(mutex_);
  const auto found = rows_.find(id);
  return found == rows_.end() ? std::nullopt : std::optional(found->second.document);
}

Result<std::optional<Deletion>> MemoryMetadataStore::Delete(const CallContext& call,
                                                            const UserId& user,
                                                            const DocumentId& id,
                                                            std::chrono::seconds retention,
                                                            std::int64_t default_quota) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  const std::lock_guard lock(mutex_);
  const auto found = rows_.find(id);
  if (found == rows_.end() || found->second.document.user != user ||
      found->second.document.state != DocumentState::kCompleted) {
    return std::optional<Deletion>();
  }
  Row& row = found->second;
  Counters& counters = users_[user];
  counters.total_bytes -= row.document.size;
  --counters.file_count;
  counters.updated_at = clock_.WallNow();
  GiveUp(row, retention);
  return std::optional(Deletion{row.document, UsageOf(user, default_quota)});
}

Result<ListPage> MemoryMetadataStore::List(const CallContext& call, const ListQuery& query) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  const std::lock_guard lock(mutex_);
  std::vector<Document> matching;
  for (const auto& [id, row] : rows_) {
    if (Matches(query, row.document)) matching.push_back(row.document);
  }
  ListPage page;
  page.total_count = static_cast<std::int64_t>(matching.size());
  std::sort(matching.begin(), matching.end(), IsNewer);
  if (query.after) {
    Document last;
    last.created_at = query.after->created_at;
    last.id = query.after->id;
    std::erase_if(matching, [&](const Document& document) { return !IsNewer(last, document); });
  }
  page.more = matching.size() > static_cast<std::size_t>(query.page_size);
  if (page.more) matching.resize(static_cast<std::size_t>(query.page_size));
  page.documents = std::move(matching);
  return page;
}

Result<Usage> MemoryMetadataStore::GetUsage(const CallContext& call, const UserId& user,
                                            std::int64_t default_quota) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  const std::lock_guard lock(mutex_);
  return UsageOf(user, default_quota);
}

Status MemoryMetadataStore::SetQuota(const CallContext& call, const UserId& user,
                                     std::optional<std::int64_t> quota_bytes) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  const std::lock_guard lock(mutex_);
  users_[user].quota = quota_bytes;
  return {};
}

Result<StorageTotals> MemoryMetadataStore::GetStorageTotals(const CallContext& call,
                                                            int users_max) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  const std::lock_guard lock(mutex_);
  StorageTotals totals;
  for (const auto& [user, counters] : users_) {
    totals.total_bytes += counters.total_bytes;
    if (counters.total_bytes > 0) totals.largest_users.push_back({user, counters.total_bytes});
  }
  std::stable_sort(totals.largest_users.begin(), totals.largest_users.end(),
                   [](const auto& a, const auto& b) { return a.bytes > b.bytes; });
  const auto shown = static_cast<std::size_t>(users_max);
  if (totals.largest_users.size() > shown) {
    totals.users_omitted = static_cast<std::int64_t>(totals.largest_users.size() - shown);
    totals.largest_users.resize(shown);
  }
  return totals;
}

Result<std::vector<Document>> MemoryMetadataStore::FindExpiredUploads(
    const CallContext& call, std::optional<std::chrono::seconds> expired_for, int limit) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  const std::lock_guard lock(mutex_);
  std::vector<Document> expired;
  for (const auto& [id, row] : rows_) {
    if (expired.size() == static_cast<std::size_t>(limit)) break;
    if (row.document.state != DocumentState::kPending) continue;
    if (!expired_for || (row.lease && *row.lease <= clock_.WallNow() - *expired_for)) {
      expired.push_back(row.document);
    }
  }
  return expired;
}

Result<std::vector<Garbage>> MemoryMetadataStore::FindGarbage(
    const CallContext& call, const std::optional<GarbagePosition>& after, int limit) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  const std::lock_guard lock(mutex_);
  std::vector<Garbage> due;
  for (const auto& [id, row] : rows_) {
    if (row.document.state != DocumentState::kFailed) continue;
    if (row.due_at && *row.due_at > clock_.WallNow()) continue;
    const GarbagePosition position{row.due_at.value_or(Timestamp()), id};
    if (after && position <= *after) continue;
    due.push_back({row.document, row.due_at.value_or(row.document.updated_at), position});
  }
  std::sort(due.begin(), due.end(),
            [](const Garbage& a, const Garbage& b) { return a.position < b.position; });
  if (due.size() > static_cast<std::size_t>(limit)) due.resize(static_cast<std::size_t>(limit));
  return due;
}

Result<std::vector<AttemptId>> MemoryMetadataStore::FilterKnownAttempts(
    const CallContext& call, const std::vector<AttemptId>& attempts) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  const std::lock_guard lock(mutex_);
  const std::set<AttemptId> asked(attempts.begin(), attempts.end());
  std::vector<AttemptId> known;
  for (const auto& [id, row] : rows_) {
    if (asked.contains(row.document.attempt)) known.push_back(row.document.attempt);
  }
  return known;
}

Result<std::vector<ObjectRef>> MemoryMetadataStore::FilterReferencedVersions(
    const CallContext& call, const std::vector<ObjectRef>& objects) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  const std::lock_guard lock(mutex_);
  std::set<ObjectVersion> versions;
  std::set<std::string> keys;
  for (const auto& [id, row] : rows_) {
    if (row.document.version.empty()) {
      keys.insert(row.document.object_key);
    } else {
      versions.insert(row.document.version);
    }
  }
  std::vector<ObjectRef> referenced;
  std::copy_if(objects.begin(), objects.end(), std::back_inserter(referenced),
               [&](const ObjectRef& object) {
                 return versions.contains(object.version) ||
                        (!object.key.empty() && keys.contains(object.key));
               });
  return referenced;
}

}  // namespace satchel
