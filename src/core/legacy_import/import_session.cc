#include "core/legacy_import/import_session.h"

#include <algorithm>
#include <condition_variable>
#include <utility>

#include "ports/object_store.h"

namespace satchel {
namespace {

using namespace std::chrono_literals;

constexpr int kTriesMax = 9;  ///< half a minute in all
constexpr std::chrono::milliseconds kPauseMin = 100ms;
constexpr std::chrono::milliseconds kPauseMax = 8s;
constexpr std::chrono::milliseconds kCancelCheckInterval = 100ms;

}  // namespace

void ImportSession::SetTotals(std::int64_t rows, std::int64_t bytes) {
  const std::lock_guard lock(mutex_);
  progress_.rows_total = rows;
  progress_.bytes_total = bytes;
  listener_.OnProgress(progress_);
}

void ImportSession::Note(RowNote note) {
  const std::lock_guard lock(mutex_);
  switch (note.verdict) {
    case RowVerdict::kNameChanged:
      ++report_.names_changed;
      break;
    case RowVerdict::kNameClash:
      ++report_.name_clashes;
      break;
    case RowVerdict::kTimeUnknown:
      ++report_.times_unknown;
      break;
    case RowVerdict::kDeletedSince:
      ++report_.deleted_since;
      break;
    case RowVerdict::kSourceGone:
      ++report_.source_gone;
      break;
    case RowVerdict::kChangedSince:
      ++report_.changed_since;
      break;
    case RowVerdict::kNotImported:
      ++report_.not_imported;
      break;
    case RowVerdict::kDiffers:
      ++report_.differs;
      break;
    case RowVerdict::kTeacherMissing:
    case RowVerdict::kTeacherInvalid:
    case RowVerdict::kTextMissing:
    case RowVerdict::kTextEmpty:
    case RowVerdict::kTextInvalid:
    case RowVerdict::kTooLarge:
    case RowVerdict::kOverQuota:
    case RowVerdict::kNameTaken:
      ++report_.refused;
      break;
  }
  listener_.OnNote(note);
}

void ImportSession::Note(std::vector<RowNote> notes) {
  for (RowNote& note : notes) Note(std::move(note));
}

void ImportSession::Teacher(const TeacherTotals& teacher) {
  const std::lock_guard lock(mutex_);
  listener_.OnTeacher(teacher);
}

void ImportSession::Advance(std::int64_t bytes) {
  const std::lock_guard lock(mutex_);
  ++progress_.rows;
  progress_.bytes += bytes;
  listener_.OnProgress(progress_);
}

ImportReport ImportSession::report() const {
  const std::lock_guard lock(mutex_);
  return report_;
}

bool ImportRetry::Again(const CallContext& call, const Status& status) {
  const bool passes =
      status.code() == StatusCode::kUnavailable || status.code() == StatusCode::kAborted;
  if (!passes || ++tries_ > kTriesMax) return false;
  std::chrono::milliseconds left = std::min(kPauseMin * (1 << (tries_ - 1)), kPauseMax);
  std::mutex mutex;
  std::condition_variable never_notified;
  std::unique_lock lock(mutex);
  while (left > 0ms && call.Check().ok()) {
    never_notified.wait_for(lock, std::min(left, kCancelCheckInterval));
    left -= kCancelCheckInterval;
  }
  return call.Check().ok();
}

Status PurgeDocument(const CallContext& call, MetadataStore& metadata, ObjectStore& objects,
                     const Document& document) {
  if (document.state == DocumentState::kPending) {
    SATCHEL_RETURN_IF_ERROR(metadata.Fail(call, document.id, document.attempt));
  }
  SATCHEL_RETURN_IF_ERROR(
      document.version.empty()
          ? objects.RemoveAttempt(call, document.object_key, document.attempt, document.upload)
          : objects.Remove(call, {document.object_key, document.version}));
  return metadata.Forget(call, document.id, document.attempt);
}

}  // namespace satchel
