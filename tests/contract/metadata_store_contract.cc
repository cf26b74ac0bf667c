// What the suites over metadata stores share.

#include "contract/metadata_store_contract.h"

namespace satchel {

ReserveRequest MetadataStoreContract::Request(const std::string& user, const std::string& filename,
                                              std::int64_t size, std::chrono::seconds lease) {
  return {.id = ids_.NewDocumentId(),
          .attempt = ids_.NewAttemptId(),
          .user = UserId(user),
          .category = "general",
          .filename = filename,
          .mime_type = "text/plain",
          .size = size,
          .default_quota = kQuota,
          .lease = lease};
}

Document MetadataStoreContract::Pending(const ReserveRequest& request) {
  const Result<Document> reserved = store().Reserve(call_, request);
  EXPECT_TRUE(reserved.ok()) << reserved.status().ToString();
  return reserved.ok() ? *reserved : Document();
}

Result<Document> MetadataStoreContract::CompleteRow(const Document& pending) {
  return store().Complete(call_, {pending, ObjectVersion("v-" + pending.attempt.value()),
                                  ContentHash(std::string(64, 'a'))});
}

Document MetadataStoreContract::Completed(const ReserveRequest& request) {
  const Result<Document> completed = CompleteRow(Pending(request));
  EXPECT_TRUE(completed.ok()) << completed.status().ToString();
  return completed.ok() ? *completed : Document();
}

Document MetadataStoreContract::Deleted(const ReserveRequest& request,
                                        std::chrono::seconds retention) {
  Document completed = Completed(request);
  const auto deletion = store().Delete(call_, completed.user, completed.id, retention, kQuota);
  EXPECT_TRUE(deletion.ok() && *deletion) << deletion.status().ToString();
  return completed;
}

Usage MetadataStoreContract::UsageOf(const std::string& user) {
  const Result<Usage> usage = store().GetUsage(call_, UserId(user), kQuota);
  EXPECT_TRUE(usage.ok()) << usage.status().ToString();
  return usage.ok() ? *usage : Usage();
}

DocumentState MetadataStoreContract::StateOf(const Document& document) {
  const Result<std::optional<Document>> found = store().Find(call_, document.id);
  EXPECT_TRUE(found.ok() && *found) << "no row " << document.id.value();
  return found.ok() && *found ? (*found)->state : DocumentState::kFailed;
}

std::vector<std::string> MetadataStoreContract::FilenamesOf(
    const std::vector<Document>& documents) {
  std::vector<std::string> names;
  for (const Document& document : documents) names.push_back(document.filename);
  return names;
}

}  // namespace satchel
