/// What the parts of one import run share: the request, the report, and how they are told.
#pragma once

#include <chrono>
#include <mutex>
#include <vector>

#include "base/call_context.h"
#include "base/status.h"
#include "core/legacy_import/import_report.h"
#include "ports/metadata_store.h"

namespace satchel {

/// Thread-safe. What it is given must outlive it.
class ImportSession {
 public:
  ImportSession(const CallContext& call, const ImportRequest& request, ImportListener& listener)
      : call_(call), request_(request), listener_(listener) {}

  const CallContext& call() const { return call_; }
  const ImportRequest& request() const { return request_; }

  void SetTotals(std::int64_t rows, std::int64_t bytes);
  /// Tells and counts `note`.
  void Note(RowNote note);
  void Note(std::vector<RowNote> notes);
  void Teacher(const TeacherTotals& teacher);
  /// A row is done with.
  void Advance(std::int64_t bytes);
  /// Changes the counts of the report by `change(report)`.
  template <typename Change>
  void Count(const Change& change) {
    const std::lock_guard lock(mutex_);
    change(report_);
  }
  ImportReport report() const;

 private:
  const CallContext& call_;
  const ImportRequest& request_;
  ImportListener& listener_;
  mutable std::mutex mutex_;
  ImportReport report_;      // guarded by mutex_
  ImportProgress progress_;  // guarded by mutex_; so is the listener
};

/// How often, and after which pause, something is tried again that failed for a while only.
class ImportRetry {
 public:
  /// Waits; false, at once, when `status` will not pass by itself or has been tried often enough.
  bool Again(const CallContext& call, const Status& status);

 private:
  int tries_ = 0;
};

/// Takes what is left of a document out of both stores, bytes first. `document` is FAILED, or
/// PENDING by an upload that is over.
Status PurgeDocument(const CallContext& call, MetadataStore& metadata, class ObjectStore& objects,
                     const Document& document);

}  // namespace satchel
