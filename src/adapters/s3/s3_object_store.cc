#include "adapters/s3/s3_object_store.h"

#include <string_view>
#include <utility>
#include <vector>

#include "adapters/s3/s3_attempts.h"
#include "adapters/s3/s3_dates.h"
#include "adapters/s3/s3_errors.h"
#include "adapters/s3/s3_object_reader.h"
#include "adapters/s3/s3_object_writer.h"
#include "adapters/s3/s3_xml.h"

namespace satchel {
namespace {

constexpr std::size_t kStoreIdBytesMax = 128;

/// Cuts a truncated page behind the last key of which it surely holds all versions, and returns
/// behind what the next one begins. A page that ends at a key stays good when its versions are
/// removed; of a version that is gone, not every store knows where it was.
ObjectRef EndBetweenKeys(S3VersionPage& page) {
  std::vector<StoredVersion>& versions = page.versions;
  if (versions.empty() || versions.front().object.key == versions.back().object.key) {
    return page.last;
  }
  const std::string last = versions.back().object.key;
  while (versions.back().object.key == last) versions.pop_back();
  return {versions.back().object.key, {}};
}

}  // namespace

Result<std::unique_ptr<ObjectWriter>> S3ObjectStore::Create(const CallContext& call,
                                                            const ObjectSpec& spec) {
  return MakeS3Writer(client_, call, spec);
}

Result<std::unique_ptr<ObjectReader>> S3ObjectStore::Open(const CallContext& call,
                                                          const ObjectRef& object,
                                                          std::int64_t offset) {
  return S3ObjectReader::Open(client_, call, object, offset);
}

Result<ObjectVersion> S3ObjectStore::FindNewest(const CallContext& call, const std::string& key) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  const S3Request request = HeadObjectRequest(client_.bucket(), {key, {}});
  SATCHEL_ASSIGN_OR_RETURN(const HttpAnswer answer, client_.Send(call, request));
  if (IsAbsent(answer)) return ObjectVersion();
  if (!answer.ok()) return S3Error(request.operation, answer);
  // "null" names what was stored before the bucket kept versions.
  const std::string_view version = answer.Header("x-amz-version-id");
  if (version.empty()) return S3Nonsense(request.operation, answer);
  return ObjectVersion(std::string(version));
}

Status S3ObjectStore::Remove(const CallContext& call, const ObjectRef& object) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  return RemoveVersion(client_, call, object);
}

Status S3ObjectStore::RemoveAttempt(const CallContext& call, const std::string& key,
                                    const AttemptId& attempt, const UploadId& upload) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  if (attempt.empty()) return InternalError("an attempt without an id");
  // The upload before its outcome: once it is gone, no version can come of it any more.
  if (!upload.empty()) SATCHEL_RETURN_IF_ERROR(AbortUpload(client_, call, key, upload));
  SATCHEL_RETURN_IF_ERROR(AbortUploadsOfAttempt(client_, call, key, attempt));
  SATCHEL_ASSIGN_OR_RETURN(const std::vector<ObjectVersion> versions,
                           FindVersionsOfAttempt(client_, call, key, attempt));
  for (const ObjectVersion& version : versions) {
    SATCHEL_RETURN_IF_ERROR(RemoveVersion(client_, call, {key, version}));
  }
  return {};
}

Result<StoredVersionPage> S3ObjectStore::ListVersions(const CallContext& call,
                                                      const std::string& cursor) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  // The version first: it holds no newline, whatever a key may hold.
  ObjectRef behind;
  if (!cursor.empty()) {
    const std::size_t newline = cursor.find('\n');
    if (newline == std::string::npos) return InternalError("bad cursor of a listing");
    behind = {cursor.substr(newline + 1), ObjectVersion(cursor.substr(0, newline))};
  }
  SATCHEL_ASSIGN_OR_RETURN(S3VersionPage listed,
                           ListVersionPage(client_, call, kDocumentPrefix, behind));
  // Not every store goes on behind a key or a version: some begin with it once more.
  std::erase_if(listed.versions, [&](const StoredVersion& version) {
    if (version.object.key != behind.key) return version.object.key < behind.key;
    return behind.version.empty() || version.object.version == behind.version;
  });
  StoredVersionPage page;
  if (listed.truncated) {
    const ObjectRef next = EndBetweenKeys(listed);
    page.next_cursor = next.version.value() + "\n" + next.key;
  }
  page.versions = std::move(listed.versions);
  if (listed.truncated && page.next_cursor == cursor) {
    return InternalError("the store's listing does not advance");
  }
  return page;
}

Status S3ObjectStore::Probe(const CallContext& call) {
  const S3Request request = GetVersioningRequest(client_.bucket());
  SATCHEL_ASSIGN_OR_RETURN(const HttpAnswer answer, client_.SendOnce(call, request));
  if (!answer.ok()) return S3Error(request.operation, answer);
  const std::optional<std::string> status = ParseVersioningStatus(answer.body);
  if (!status) return S3Nonsense(request.operation, answer);
  if (*status == "Enabled") return {};
  return Status(Reason::kObjectStoreUnavailable, "the object store keeps no versions any more")
      .WithCause("switch the versioning of bucket " + client_.bucket() + " on again");
}

Result<Timestamp> S3ObjectStore::Now(const CallContext& call) {
  const S3Request request = HeadBucketRequest(client_.bucket());
  SATCHEL_ASSIGN_OR_RETURN(const HttpAnswer answer, client_.Send(call, request));
  if (!answer.ok()) return S3Error(request.operation, answer);
  const std::optional<Timestamp> now = ParseAnswerDate(answer.Header("date"));
  if (!now) return S3Nonsense(request.operation, answer);
  return *now;
}

Result<std::optional<StoreId>> S3ObjectStore::ReadStoreId(const CallContext& call) {
  const S3Request request = GetObjectRequest(client_.bucket(), {std::string(kStoreIdKey), {}}, 0);
  SATCHEL_ASSIGN_OR_RETURN(HttpAnswer answer, client_.Send(call, request));
  if (IsAbsent(answer)) return std::optional<StoreId>();
  if (!answer.ok()) return S3Error(request.operation, answer);
  std::string& text = answer.body;
  if (text.size() < 2 || text.size() > kStoreIdBytesMax + 1 || !text.ends_with('\n')) {
    return ConfigurationError("the store's id, object " + std::string(kStoreIdKey) + " in bucket " +
                              client_.bucket() + ", is damaged; restore it from a backup");
  }
  text.pop_back();
  return std::optional<StoreId>(std::move(text));
}

Status S3ObjectStore::WriteStoreId(const CallContext& call, const StoreId& id) {
  const std::string& text = id.value();
  if (text.empty() || text.size() > kStoreIdBytesMax || text.find('\n') != std::string::npos) {
    return InternalError("bad store id");
  }
  const S3Request request = PutStoreIdRequest(client_.bucket(), text + "\n");
  SATCHEL_ASSIGN_OR_RETURN(const HttpAnswer answer, client_.Send(call, request));
  if (answer.ok()) return {};
  // 409: another writer is at it in this moment.
  if (answer.status == 412 || answer.status == 409) {
    return ConfigurationError("the object store has an id already");
  }
  return S3Error(request.operation, answer);
}

}  // namespace satchel
