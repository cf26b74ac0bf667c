#include "adapters/s3/s3_attempts.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <span>
#include <utility>

#include "adapters/s3/s3_dates.h"
#include "adapters/s3/s3_errors.h"
#include "base/text.h"

namespace satchel {
namespace {

/// Between the making of an upload and its marker lies one request, never an hour.
constexpr std::chrono::hours kUnmarkedAgeMin{1};
/// No reason to take the store for one that is away.
constexpr std::chrono::minutes kRetryUnmarked{1};

/// MD5, in hexadecimal digits: what S3 gives as the ETag of a part.
std::string HexMd5(std::string_view text) {
  std::array<std::byte, EVP_MAX_MD_SIZE> digest = {};
  unsigned length = 0;
  if (EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(digest.data()), &length,
                 EVP_md5(), nullptr) != 1) {
    return {};
  }
  return HexEncode(std::span(digest).first(length));
}

/// Stores differ in whether they give a part's checksum; with a key of one's own the ETag is no
/// MD5.
bool MarkerNames(const S3Part& part, const AttemptId& attempt) {
  if (part.number != kMarkerPartNumber) return false;
  if (!part.sha256_base64.empty()) {
    return part.sha256_base64 == ChecksumOf(ContentHash(HexSha256(attempt.value())));
  }
  std::string etag = part.etag;
  std::erase(etag, '"');
  return !etag.empty() && ToLowerAscii(etag) == HexMd5(attempt.value());
}

/// The last part of an upload: its marker, when it has one; nullopt: it has no part at all. All are
/// listed, because not every store finds the place behind a number that no part has.
Result<std::optional<S3Part>> FindLastPart(S3Client& client, const CallContext& call,
                                           const S3Upload& upload) {
  std::optional<S3Part> last;
  while (true) {
    const S3Request request =
        ListPartsRequest(client.bucket(), upload.key, upload.id, last ? last->number : 0);
    SATCHEL_ASSIGN_OR_RETURN(const HttpAnswer answer, client.Send(call, request));
    if (S3CodeOf(answer) == "NoSuchUpload") return std::optional<S3Part>();
    if (!answer.ok()) return S3Error(request.operation, answer);
    const std::optional<S3PartPage> page = ParsePartPage(answer.body);
    if (!page) return S3Nonsense(request.operation, answer);
    if (!page->parts.empty()) last = page->parts.back();
    if (!page->truncated) return last;
  }
}

enum class Owner : std::uint8_t { kAttempt, kNobody, kAnother, kUnknown };

/// `now` is the store's own time.
Result<Owner> OwnerOf(S3Client& client, const CallContext& call, const S3Upload& upload,
                      const AttemptId& attempt, std::optional<Timestamp> now) {
  SATCHEL_ASSIGN_OR_RETURN(const std::optional<S3Part> last, FindLastPart(client, call, upload));
  if (last) return MarkerNames(*last, attempt) ? Owner::kAttempt : Owner::kAnother;
  // Its marker may be under way, or never come.
  return now && *now - upload.initiated >= kUnmarkedAgeMin ? Owner::kNobody : Owner::kUnknown;
}

Status MayBeOurs(const S3Upload& upload) {
  return Status(Reason::kObjectStoreUnavailable,
                "whether the upload has left something in the object store is not known yet")
      .WithCause("the multipart upload " + upload.id.value() +
                 " does not tell whose it is; it is removed once it is an hour old")
      .WithRetryAfter(kRetryUnmarked);
}

/// Whether the listing of its key still shows the version.
Result<bool> IsListed(S3Client& client, const CallContext& call, const ObjectRef& object) {
  ObjectRef behind;
  while (true) {
    SATCHEL_ASSIGN_OR_RETURN(const S3VersionPage page,
                             ListVersionPage(client, call, object.key, behind));
    for (const StoredVersion& version : page.versions) {
      if (version.object == object) return true;
    }
    if (!page.truncated || page.last.key > object.key || page.last == behind) return false;
    behind = page.last;
  }
}

}  // namespace

Result<S3VersionPage> ListVersionPage(S3Client& client, const CallContext& call,
                                      std::string_view prefix, const ObjectRef& behind) {
  const S3Request request =
      ListVersionsRequest(client.bucket(), prefix, behind, client.options().listing_page_max);
  SATCHEL_ASSIGN_OR_RETURN(const HttpAnswer answer, client.Send(call, request));
  if (IsNoKey(answer) && behind.key.empty()) return S3VersionPage{};
  if (!answer.ok()) return S3Error(request.operation, answer);
  std::optional<S3VersionPage> page = ParseVersionPage(answer.body);
  if (!page) return S3Nonsense(request.operation, answer);
  return *std::move(page);
}

Result<std::vector<ObjectVersion>> FindVersionsOfAttempt(S3Client& client, const CallContext& call,
                                                         const std::string& key,
                                                         const AttemptId& attempt) {
  std::vector<ObjectVersion> found;
  ObjectRef behind;
  while (true) {
    SATCHEL_ASSIGN_OR_RETURN(const S3VersionPage page, ListVersionPage(client, call, key, behind));
    for (const StoredVersion& version : page.versions) {
      if (version.object.key != key) continue;
      const S3Request request = HeadObjectRequest(client.bucket(), version.object);
      SATCHEL_ASSIGN_OR_RETURN(const HttpAnswer answer, client.Send(call, request));
      if (IsAbsent(answer)) continue;
      if (!answer.ok()) return S3Error(request.operation, answer);
      if (answer.Header(kAttemptHeader) == attempt.value()) {
        found.push_back(version.object.version);
      }
    }
    // Listings are sorted: behind the key come only longer ones.
    if (!page.truncated || page.last.key > key || page.last == behind) return found;
    behind = page.last;
  }
}

Status AbortUpload(S3Client& client, const CallContext& call, const std::string& key,
                   const UploadId& upload) {
  const S3Request request = AbortMultipartRequest(client.bucket(), key, upload);
  SATCHEL_ASSIGN_OR_RETURN(const HttpAnswer answer, client.Send(call, request));
  if (answer.ok() || S3CodeOf(answer) == "NoSuchUpload") return {};
  return S3Error(request.operation, answer);
}

Status AbortUploadsOfAttempt(S3Client& client, const CallContext& call, const std::string& key,
                             const AttemptId& attempt) {
  std::string key_marker;
  std::string upload_marker;
  Status unsettled;
  while (true) {
    const S3Request request = ListUploadsRequest(client.bucket(), key, key_marker, upload_marker);
    SATCHEL_ASSIGN_OR_RETURN(const HttpAnswer answer, client.Send(call, request));
    if (IsNoKey(answer)) return {};
    if (!answer.ok()) return S3Error(request.operation, answer);
    const std::optional<S3UploadPage> page = ParseUploadPage(answer.body);
    if (!page) return S3Nonsense(request.operation, answer);
    const std::optional<Timestamp> now = ParseAnswerDate(answer.Header("date"));
    for (const S3Upload& upload : page->uploads) {
      if (upload.key != key) continue;
      SATCHEL_ASSIGN_OR_RETURN(const Owner owner, OwnerOf(client, call, upload, attempt, now));
      if (owner == Owner::kUnknown) unsettled = MayBeOurs(upload);
      if (owner != Owner::kAttempt && owner != Owner::kNobody) continue;
      SATCHEL_RETURN_IF_ERROR(AbortUpload(client, call, key, upload.id));
    }
    if (!page->truncated || page->uploads.back().key > key) return unsettled;
    key_marker = page->uploads.back().key;
    upload_marker = page->uploads.back().id.value();
  }
}

Status RemoveVersion(S3Client& client, const CallContext& call, const ObjectRef& object) {
  if (object.version.empty()) return InternalError("a removal that names no version");
  const S3Request request = DeleteVersionRequest(client.bucket(), object);
  Backoff backoff(client.pauses());
  while (true) {
    SATCHEL_ASSIGN_OR_RETURN(const HttpAnswer answer, client.Send(call, request));
    if (answer.ok()) return {};
    if (!IsAbsent(answer)) return S3Error(request.operation, answer);
    SATCHEL_ASSIGN_OR_RETURN(const bool absent, ConfirmAbsent(client, call, object, backoff));
    if (absent) return {};
  }
}

Result<bool> ConfirmAbsent(S3Client& client, const CallContext& call, const ObjectRef& object,
                           Backoff& backoff) {
  // Without a version there is nothing to confirm: the newest of a key may go at any time.
  if (object.version.empty()) return true;
  SATCHEL_ASSIGN_OR_RETURN(const bool listed, IsListed(client, call, object));
  if (!listed) return true;
  if (backoff.Next(call)) return false;
  SATCHEL_RETURN_IF_ERROR(call.Check());
  return Status(Reason::kObjectStoreUnavailable, "the object store cannot be used now; try again")
      .WithCause("the store lists the version " + object.version.value() +
                 ", but says that it does not exist");
}

}  // namespace satchel
