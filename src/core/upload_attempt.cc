#include "core/upload_attempt.h"

#include <utility>

namespace satchel {
namespace {

using namespace std::chrono_literals;

constexpr int kCompleteTriesMax = 3;
/// Compensation goes on after the caller has gone, but not for ever.
constexpr std::chrono::seconds kCompensationTimeMax = 30s;
constexpr std::chrono::milliseconds kRetryDelay = 1s;

Status Aborted() {
  return Status(Reason::kUploadAborted,
                "the upload lost its lease to the sweeper; upload the document again")
      .WithRetryAfter(kRetryDelay);
}

Status OutcomeNotLearned(const Status& cause) {
  return Status(Reason::kDatabaseUnavailable,
                "the database went away while the upload was being committed; whether it is stored "
                "will be settled once the database is back: list the documents, then retry")
      .WithCause(cause.ToString())
      .WithRetryAfter(kRetryDelay);
}

/// T2 has landed. Deleted since then, the document is FAILED and keeps its version, and its bytes
/// are the delete's to remove.
bool WasCommitted(const Document& document) {
  return document.state == DocumentState::kCompleted ||
         (document.state == DocumentState::kFailed && !document.version.empty());
}

}  // namespace

Uploader::Attempt::Attempt(Uploader& uploader, const CallContext& call, ReserveRequest request)
    : uploader_(uploader), call_(call), request_(std::move(request)) {}

Uploader::Attempt::~Attempt() { Abandon(); }

Status Uploader::Attempt::Reserve() {
  lease_taken_at_ = uploader_.clock_.SteadyNow();
  Result<Document> reserved = uploader_.metadata_.Reserve(call_, request_);
  if (!reserved.ok() && reserved.status().Is(Reason::kOutcomeUnknown)) {
    reserved = ResolveReservation();
  }
  SATCHEL_RETURN_IF_ERROR(reserved.status());
  document_ = std::move(reserved).value();
  settled_ = false;
  return {};
}

CallContext Uploader::Attempt::Settling() const {
  return CallContext(call_.request_id(), uploader_.clock_.SteadyNow() + kCompensationTimeMax);
}

Result<Document> Uploader::Attempt::ResolveReservation() {
  // The caller may be gone; the row would hold the name and the quota until its lease is over.
  const CallContext settling = Settling();
  Result<std::optional<Document>> found =
      uploader_.metadata_.FindAttempt(settling, request_.id, request_.attempt);
  if (found.ok() && *found && (*found)->state == DocumentState::kPending) {
    return **std::move(found);
  }
  // Best effort: should the lost commit land even later, the sweeper takes the row.
  if (uploader_.metadata_.Fail(settling, request_.id, request_.attempt).ok()) {
    (void)uploader_.metadata_.Forget(settling, request_.id, request_.attempt);
  }
  if (!found.ok()) return OutcomeNotLearned(found.status());
  return Status(Reason::kDatabaseUnavailable, "the database went away; try again")
      .WithRetryAfter(kRetryDelay);
}

Status Uploader::Attempt::Explain(const Status& failure) {
  if (!failure.Is(Reason::kObjectStoreUnavailable)) return failure;
  const Result<std::optional<Document>> found =
      uploader_.metadata_.FindAttempt(Settling(), request_.id, request_.attempt);
  const bool ours = !found.ok() || (*found && (*found)->state == DocumentState::kPending);
  return ours ? failure : Aborted().WithCause(failure.ToString());
}

Status Uploader::Attempt::RenewLeaseWhenDue() {
  const Clock::SteadyTime now = uploader_.clock_.SteadyNow();
  if (now - lease_taken_at_ < request_.lease / 3) return {};
  const Status renewed =
      uploader_.metadata_.RenewLease(call_, request_.id, request_.attempt, request_.lease);
  if (renewed.Is(Reason::kUploadAborted)) return Aborted();
  // A renewal that failed otherwise is tried again with the next chunk; two thirds of the lease
  // are left for that, and losing it is noticed by the fence of T2.
  if (renewed.ok()) lease_taken_at_ = now;
  return {};
}

Status Uploader::Attempt::RecordUpload(const UploadId& upload) {
  if (upload.empty()) return {};
  document_.upload = upload;
  const auto record = [&] {
    return uploader_.metadata_.RecordUpload(call_, request_.id, request_.attempt, upload);
  };
  Status recorded = record();
  // The same value again does no harm, whatever became of the first.
  if (recorded.Is(Reason::kOutcomeUnknown)) recorded = record();
  if (recorded.Is(Reason::kUploadAborted)) return Aborted();
  if (!recorded.Is(Reason::kOutcomeUnknown)) return recorded;
  return Status(Reason::kDatabaseUnavailable, "the database went away; try again")
      .WithCause(recorded.ToString())
      .WithRetryAfter(kRetryDelay);
}

Result<Document> Uploader::Attempt::Complete(const ContentHash& sha256) {
  const CallContext settling = Settling();
  const CompleteRequest request{document_, version_, sha256, imported_from_};
  for (int tries = 0; tries < kCompleteTriesMax; ++tries) {
    Result<Document> completed = uploader_.metadata_.Complete(settling, request);
    if (completed.ok()) {
      settled_ = true;
      return completed;
    }
    const bool fence_missed = completed.status().Is(Reason::kUploadAborted);
    if (!fence_missed && !completed.status().Is(Reason::kOutcomeUnknown)) return completed;
    // The row tells what became of a commit whose answer was lost.
    Result<std::optional<Document>> found =
        uploader_.metadata_.FindAttempt(settling, request_.id, request_.attempt);
    if (!found.ok()) {
      settled_ = true;
      return OutcomeNotLearned(found.status());
    }
    if (*found && WasCommitted(**found)) {
      settled_ = true;
      Document document = **std::move(found);
      document.state = DocumentState::kCompleted;
      return document;
    }
    if (!*found || (*found)->state != DocumentState::kPending) return Aborted();
  }
  settled_ = true;
  return OutcomeNotLearned(Status(Reason::kOutcomeUnknown, "every try ended without an answer"));
}

void Uploader::Attempt::Abandon() {
  if (std::exchange(settled_, true)) return;
  const CallContext settling = Settling();
  Status failed = uploader_.metadata_.Fail(settling, request_.id, request_.attempt);
  if (failed.Is(Reason::kOutcomeUnknown)) {
    // A second T3 either does what the first did not, or is fenced off.
    failed = uploader_.metadata_.Fail(settling, request_.id, request_.attempt);
  }
  if (failed.Is(Reason::kUploadAborted)) {
    // A T2 whose answer was lost may have landed after all: then the bytes are a document's.
    const Result<std::optional<Document>> found =
        uploader_.metadata_.FindAttempt(settling, request_.id, request_.attempt);
    if (found.ok() && *found && WasCommitted(**found)) return;
    failed = found.status();
  }
  if (failed.ok()) {
    RemoveBytes(settling);
    return;
  }
  uploader_.log_.Write(LogLevel::kWarning,
                       "an upload could not be taken back; the sweeper will after its lease",
                       {{"requestId", call_.request_id()},
                        {"documentId", request_.id.value()},
                        {"cause", failed.ToString()}});
}

void Uploader::Attempt::RemoveBytes(const CallContext& call) {
  Status removed = uploader_.objects_.RemoveAttempt(call, document_.object_key, request_.attempt,
                                                    document_.upload);
  if (removed.ok() && !version_.empty()) {
    removed = uploader_.objects_.Remove(call, {document_.object_key, version_});
  }
  if (removed.ok()) removed = uploader_.metadata_.Forget(call, request_.id, request_.attempt);
  if (removed.ok()) return;
  uploader_.log_.Write(LogLevel::kWarning,
                       "an upload's leftovers could not be removed; the sweeper will",
                       {{"requestId", call.request_id()},
                        {"documentId", request_.id.value()},
                        {"cause", removed.ToString()}});
}

}  // namespace satchel
