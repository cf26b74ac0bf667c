#include "core/upload.h"

#include <utility>

#include "core/names.h"
#include "core/upload_attempt.h"

namespace satchel {
namespace {

using boost::asio::awaitable;
using namespace std::chrono_literals;

Status StreamInvalid(const std::string& rule) {
  return Status(Reason::kUploadStreamInvalid, rule).WithField("data", rule, "");
}

Status SizeMismatch(std::int64_t declared, const std::string& received) {
  const std::string rule = "declared " + std::to_string(declared) + " bytes, received " + received;
  return Status(Reason::kSizeMismatch, "size " + rule)
      .WithField("size", rule, std::to_string(declared))
      .WithMetadata("declared", std::to_string(declared))
      .WithMetadata("received", received);
}

Status Busy(int limit) {
  return Status(Reason::kServerBusy, "too many uploads at once; try again")
      .WithMetadata("limit", std::to_string(limit))
      .WithRetryAfter(1s);
}

/// An object that may exist, but is no document's: the caller can simply try again.
Status NotCommitted(const Status& status) {
  if (!status.Is(Reason::kOutcomeUnknown)) return status;
  return Status(Reason::kObjectStoreUnavailable,
                "the object store went away at the end of the upload; try again")
      .WithCause(status.ToString())
      .WithRetryAfter(1s);
}

/// Counts an upload for as long as it lives.
class UploadSlot {
 public:
  explicit UploadSlot(std::atomic<int>& counter) : counter_(counter), taken_(++counter) {}
  ~UploadSlot() { --counter_; }
  UploadSlot(const UploadSlot&) = delete;
  UploadSlot& operator=(const UploadSlot&) = delete;
  int number() const { return taken_; }

 private:
  std::atomic<int>& counter_;
  const int taken_;
};

}  // namespace

Uploader::Uploader(MetadataStore& metadata, ObjectStore& objects, const Clock& clock,
                   IdGenerator& ids, EventLog& log, FileTypePolicy types, UploadLimits limits)
    : metadata_(metadata),
      objects_(objects),
      clock_(clock),
      ids_(ids),
      log_(log),
      types_(std::move(types)),
      limits_(limits) {}

Result<ReserveRequest> Uploader::Validate(const UploadMetadata& metadata,
                                          ContentKind* content) const {
  FieldChecker fields;
  fields.CheckUserId(metadata.user_id);
  fields.CheckCategory(metadata.category);
  fields.CheckFilename(metadata.filename);
  if (metadata.mime_type.empty()) fields.Reject("mime_type", "must not be empty", "");
  if (metadata.size < 1) {
    fields.Reject("size", "must be at least 1 byte", std::to_string(metadata.size));
  }
  SATCHEL_RETURN_IF_ERROR(fields.status());
  SATCHEL_ASSIGN_OR_RETURN(AcceptedType type, types_.Accept(metadata.filename, metadata.mime_type));
  if (metadata.size > limits_.file_size_max) {
    const std::string rule = "must be at most " + std::to_string(limits_.file_size_max) + " bytes";
    return Status(Reason::kFileTooLarge, "size " + rule)
        .WithField("size", rule, std::to_string(metadata.size))
        .WithMetadata("limit", std::to_string(limits_.file_size_max))
        .WithMetadata("requested", std::to_string(metadata.size));
  }
  *content = type.content;
  return ReserveRequest{.id = ids_.NewDocumentId(),
                        .attempt = ids_.NewAttemptId(),
                        .user = UserId(metadata.user_id),
                        .category = metadata.category,
                        .filename = metadata.filename,
                        .mime_type = std::move(type.mime_type),
                        .size = metadata.size,
                        .default_quota = limits_.default_quota,
                        .lease = limits_.lease};
}

awaitable<Result<Document>> Uploader::Upload(const CallContext& call, UploadStream& stream) {
  return Run(call, stream, std::nullopt);
}

awaitable<Result<Document>> Uploader::Import(const CallContext& call, UploadStream& stream,
                                             ImportIdentity identity) {
  return Run(call, stream, std::move(identity));
}

awaitable<Result<Document>> Uploader::Run(const CallContext& call, UploadStream& stream,
                                          std::optional<ImportIdentity> identity) {
  const UploadSlot slot(in_progress_);
  if (slot.number() > limits_.concurrent_max) co_return Busy(limits_.concurrent_max);

  SATCHEL_CO_ASSIGN_OR_RETURN(const std::optional<UploadMessage> first, co_await stream.Read());
  const auto* metadata = first ? std::get_if<UploadMetadata>(&*first) : nullptr;
  if (metadata == nullptr) co_return StreamInvalid("the first message must be the metadata");
  ContentKind content = ContentKind::kNotInspected;
  SATCHEL_CO_ASSIGN_OR_RETURN(ReserveRequest request, Validate(*metadata, &content));
  if (identity) {
    request.id = identity->id;
    request.created_at = identity->created_at;
  }

  Attempt attempt(*this, call, std::move(request));
  if (identity) attempt.ComesFrom(std::move(identity->row));
  SATCHEL_CO_RETURN_IF_ERROR(attempt.Reserve());
  const Document& document = attempt.document();
  // Declared behind the attempt: staged bytes are gone before the row is given up.
  Result<std::unique_ptr<ObjectWriter>> created = objects_.Create(
      call, {document.object_key, document.attempt, document.size, document.mime_type});
  if (!created.ok()) co_return attempt.Explain(created.status());
  const std::unique_ptr<ObjectWriter> writer = std::move(created).value();
  SATCHEL_CO_RETURN_IF_ERROR(attempt.RecordUpload(writer->upload()));
  SATCHEL_CO_ASSIGN_OR_RETURN(const ContentHash sha256,
                              co_await Transfer(call, stream, content, attempt, *writer));
  Result<ObjectVersion> version = writer->Commit(call, sha256);
  if (!version.ok()) co_return attempt.Explain(NotCommitted(version.status()));
  attempt.ObjectCommitted(*std::move(version));
  // A caller that has gone gets nothing stored; from T2 on the document exists.
  SATCHEL_CO_RETURN_IF_ERROR(call.Check());
  co_return attempt.Complete(sha256);
}

awaitable<Result<ContentHash>> Uploader::Transfer(const CallContext& call, UploadStream& stream,
                                                  ContentKind content, Attempt& attempt,
                                                  ObjectWriter& writer) {
  const std::int64_t declared = attempt.document().size;
  std::int64_t received = 0;
  Sha256 hash;
  ContentInspector inspector(content);
  while (true) {
    SATCHEL_CO_ASSIGN_OR_RETURN(const std::optional<UploadMessage> message, co_await stream.Read());
    if (!message) break;
    const auto* chunk = std::get_if<UploadChunk>(&*message);
    if (chunk == nullptr) {
      co_return StreamInvalid("every message behind the first must be a chunk");
    }
    const std::span<const std::byte> bytes = chunk->bytes;
    if (bytes.empty()) continue;
    if (static_cast<std::int64_t>(bytes.size()) > declared - received) {
      co_return SizeMismatch(declared, "more");
    }
    SATCHEL_CO_RETURN_IF_ERROR(inspector.Update(bytes));
    hash.Update(bytes);
    const Status appended = writer.Append(call, bytes);
    if (!appended.ok()) co_return attempt.Explain(appended);
    received += static_cast<std::int64_t>(bytes.size());
    SATCHEL_CO_RETURN_IF_ERROR(attempt.RenewLeaseWhenDue());
  }
  SATCHEL_CO_RETURN_IF_ERROR(call.Check());
  if (received != declared) co_return SizeMismatch(declared, std::to_string(received));
  SATCHEL_CO_RETURN_IF_ERROR(inspector.Finish());
  // The client may have paused before its end of stream: then the lease says so, not the store.
  SATCHEL_CO_RETURN_IF_ERROR(attempt.RenewLeaseWhenDue());
  co_return hash.Finish();
}

}  // namespace satchel
