#include "adapters/s3/s3_object_writer.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "adapters/s3/s3_attempts.h"
#include "adapters/s3/s3_errors.h"
#include "adapters/s3/s3_xml.h"

namespace satchel {
namespace {

/// For an upload that nobody has learned of. It goes on after the caller has gone, but not for
/// long: the row's owner asks again.
constexpr std::chrono::seconds kAbortTimeMax{1};

Status CheckAppend(const ObjectSpec& spec, std::int64_t appended, std::size_t more) {
  if (static_cast<std::int64_t>(more) <= spec.size - appended) return {};
  return InternalError("more bytes were appended than announced");
}

Status CheckWhole(const ObjectSpec& spec, std::int64_t appended) {
  return appended == spec.size ? Status()
                               : InternalError("fewer bytes were appended than announced");
}

Status VersioningIsOff() {
  return Status(Reason::kObjectStoreUnavailable,
                "the object store refuses the service; try again when the operator has set it "
                "right")
      .WithCause("the store gave no version id: switch the bucket's versioning on again");
}

/// Without an answer an object may be there all the same. Whoever finds it there knows.
Result<ObjectVersion> ResolveUnknown(S3Client& client, const CallContext& call,
                                     const ObjectSpec& spec, const std::string& why) {
  const Status unknown =
      Status(Reason::kOutcomeUnknown, "whether the object was stored is not known").WithCause(why);
  const Result<std::vector<ObjectVersion>> found =
      FindVersionsOfAttempt(client, call, spec.key, spec.attempt);
  if (!found.ok() || found->size() != 1) return unknown;
  return found->front();
}

/// The version that an answer to PutObject or CompleteMultipartUpload names.
Result<ObjectVersion> VersionOf(S3Client& client, const CallContext& call, const ObjectSpec& spec,
                                std::string_view operation, const HttpAnswer& answer,
                                bool may_be_done) {
  if (answer.fault == HttpFault::kBroken && may_be_done) {
    return ResolveUnknown(client, call, spec, answer.fault_text);
  }
  if (!answer.ok()) return S3Error(operation, answer);
  const std::string_view version = answer.Header("x-amz-version-id");
  if (version.empty() || version == "null") return VersioningIsOff();
  return ObjectVersion(std::string(version));
}

}  // namespace

Result<std::unique_ptr<ObjectWriter>> MakeS3Writer(S3Client& client, const CallContext& call,
                                                   const ObjectSpec& spec) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  if (spec.size > client.options().single_put_bytes_max) {
    return MultipartS3Writer::Make(client, call, spec);
  }
  if (spec.size > kBufferedBytesMax) {
    return std::unique_ptr<ObjectWriter>(std::make_unique<StreamingS3Writer>(client, spec));
  }
  return std::unique_ptr<ObjectWriter>(std::make_unique<BufferedS3Writer>(client, spec));
}

BufferedS3Writer::BufferedS3Writer(S3Client& client, ObjectSpec spec)
    : client_(client), spec_(std::move(spec)) {}

Status BufferedS3Writer::Append(const CallContext& call, std::span<const std::byte> bytes) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  SATCHEL_RETURN_IF_ERROR(
      CheckAppend(spec_, static_cast<std::int64_t>(bytes_.size()), bytes.size()));
  if (bytes_.empty()) bytes_.reserve(static_cast<std::size_t>(spec_.size));
  bytes_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return {};
}

Result<ObjectVersion> BufferedS3Writer::Commit(const CallContext& call, const ContentHash& sha256) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  SATCHEL_RETURN_IF_ERROR(CheckWhole(spec_, static_cast<std::int64_t>(bytes_.size())));
  const S3Request request = PutObjectRequest(client_.bucket(), spec_, std::move(bytes_), sha256);
  SATCHEL_ASSIGN_OR_RETURN(const HttpAnswer answer, client_.Send(call, request));
  return VersionOf(client_, call, spec_, request.operation, answer, true);
}

StreamingS3Writer::StreamingS3Writer(S3Client& client, ObjectSpec spec)
    : client_(client),
      spec_(std::move(spec)),
      put_(client, PutObjectStreamRequest(client.bucket(), spec_), spec_.size) {}

Status StreamingS3Writer::Append(const CallContext& call, std::span<const std::byte> bytes) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  SATCHEL_RETURN_IF_ERROR(CheckAppend(spec_, appended_, bytes.size()));
  appended_ += static_cast<std::int64_t>(bytes.size());
  return put_.Push(call, bytes);
}

Result<ObjectVersion> StreamingS3Writer::Commit(const CallContext& call,
                                                const ContentHash& sha256) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  SATCHEL_RETURN_IF_ERROR(CheckWhole(spec_, appended_));
  SATCHEL_ASSIGN_OR_RETURN(const HttpAnswer answer, put_.Finish(call, ChecksumOf(sha256)));
  return VersionOf(client_, call, spec_, "PutObject", answer, put_.may_be_done());
}

Result<std::unique_ptr<ObjectWriter>> MultipartS3Writer::Make(S3Client& client,
                                                              const CallContext& call,
                                                              const ObjectSpec& spec) {
  const S3Request create = CreateMultipartRequest(client.bucket(), spec);
  SATCHEL_ASSIGN_OR_RETURN(const HttpAnswer created, client.Send(call, create));
  if (!created.ok()) return S3Error(create.operation, created);
  const std::optional<UploadId> upload = ParseUploadId(created.body);
  if (!upload) return S3Nonsense(create.operation, created);
  const S3Request mark = UploadMarkerRequest(client.bucket(), spec.key, *upload, spec.attempt);
  const Result<HttpAnswer> marked = client.Send(call, mark);
  if (marked.ok() && marked->ok()) {
    return std::unique_ptr<ObjectWriter>(
        std::make_unique<MultipartS3Writer>(client, spec, *upload));
  }
  // Best effort: RemoveAttempt() finds it again.
  const CallContext abort(call.request_id(), std::chrono::steady_clock::now() + kAbortTimeMax);
  (void)client.SendOnce(abort, AbortMultipartRequest(client.bucket(), spec.key, *upload));
  return marked.ok() ? S3Error(mark.operation, *marked) : marked.status();
}

MultipartS3Writer::MultipartS3Writer(S3Client& client, ObjectSpec spec, UploadId upload)
    : client_(client),
      spec_(std::move(spec)),
      upload_(std::move(upload)),
      part_bytes_max_(
          std::max(client.options().part_bytes, (spec_.size + kPartsMax - 1) / kPartsMax)) {}

void MultipartS3Writer::BeginPart() {
  part_bytes_ = std::min(part_bytes_max_, spec_.size - appended_);
  part_appended_ = 0;
  part_hash_.emplace();
  const int number = static_cast<int>(parts_.size()) + 1;
  put_ = std::make_unique<StreamedPut>(
      client_, UploadPartStreamRequest(client_.bucket(), spec_.key, upload_, number, part_bytes_),
      part_bytes_);
}

Status MultipartS3Writer::FinishPart(const CallContext& call) {
  const std::string checksum = ChecksumOf(part_hash_->Finish());
  SATCHEL_ASSIGN_OR_RETURN(const HttpAnswer answer, put_->Finish(call, checksum));
  put_.reset();
  if (!answer.ok()) return S3Error("UploadPart", answer);
  const std::string_view etag = answer.Header("etag");
  if (etag.empty()) return S3Nonsense("UploadPart", answer);
  parts_.push_back({static_cast<int>(parts_.size()) + 1, std::string(etag), checksum});
  return {};
}

Status MultipartS3Writer::Append(const CallContext& call, std::span<const std::byte> bytes) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  SATCHEL_RETURN_IF_ERROR(CheckAppend(spec_, appended_, bytes.size()));
  while (!bytes.empty()) {
    if (put_ == nullptr) BeginPart();
    const auto room = static_cast<std::size_t>(part_bytes_ - part_appended_);
    const std::span<const std::byte> piece = bytes.first(std::min(room, bytes.size()));
    part_hash_->Update(piece);
    SATCHEL_RETURN_IF_ERROR(put_->Push(call, piece));
    part_appended_ += static_cast<std::int64_t>(piece.size());
    appended_ += static_cast<std::int64_t>(piece.size());
    bytes = bytes.subspan(piece.size());
    if (part_appended_ == part_bytes_) SATCHEL_RETURN_IF_ERROR(FinishPart(call));
  }
  return {};
}

Result<ObjectVersion> MultipartS3Writer::Commit(const CallContext& call,
                                                const ContentHash& /*sha256*/) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  SATCHEL_RETURN_IF_ERROR(CheckWhole(spec_, appended_));
  const S3Request request = CompleteMultipartRequest(client_.bucket(), spec_.key, upload_, parts_);
  SATCHEL_ASSIGN_OR_RETURN(const HttpAnswer answer, client_.Send(call, request));
  if (answer.ok() && !IsCompleteResult(answer.body)) {
    // S3 says 200 before it begins, and how it ended in the body.
    if (S3CodeOf(answer).empty()) return S3Nonsense(request.operation, answer);
    return S3Error(request.operation, answer);
  }
  if (answer.ok() && answer.Header("x-amz-version-id").empty()) {
    // The same: then the headers had gone before the version was there.
    return ResolveUnknown(client_, call, spec_, "CompleteMultipartUpload named no version");
  }
  return VersionOf(client_, call, spec_, request.operation, answer, true);
}

}  // namespace satchel
