/// One PENDING row and its way to COMPLETED or back; gives everything back unless it completed.
#pragma once

#include <chrono>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "core/upload.h"

namespace satchel {

/// Owns the reservation from T1 on. Blocks; used from one coroutine at a time.
class Uploader::Attempt {
 public:
  Attempt(Uploader& uploader, const CallContext& call, ReserveRequest request);
  /// Compensates, best effort, unless the attempt is settled.
  ~Attempt();
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;

  /// T2 will record it.
  void ComesFrom(SourceRow row) { imported_from_ = std::move(row); }
  /// T1. Nothing is held unless it returns OK.
  Status Reserve();
  const Document& document() const { return document_; }
  /// Renews the lease when a third of it has passed. UPLOAD_ABORTED: it was lost.
  Status RenewLeaseWhenDue();
  /// Keeps the id of a multipart upload in the row; nothing to do when it is empty.
  Status RecordUpload(const UploadId& upload);
  /// UPLOAD_ABORTED instead of the object store's `failure` when the row is no longer ours: then
  /// the sweeper has removed the bytes below the writer.
  Status Explain(const Status& failure);
  /// The object exists from here on; Abandon() removes it.
  void ObjectCommitted(ObjectVersion version) { version_ = std::move(version); }
  /// T2, after ObjectCommitted(). Its outcome is known afterwards, unless the database is away:
  /// then DATABASE_UNAVAILABLE, nothing is touched, and the sweeper settles it.
  Result<Document> Complete(const ContentHash& sha256);
  /// T3 and what follows. After this the name and the quota are free, unless the database is away.
  void Abandon();

 private:
  CallContext Settling() const;
  Result<Document> ResolveReservation();
  void RemoveBytes(const CallContext& call);

  Uploader& uploader_;
  const CallContext& call_;
  ReserveRequest request_;
  std::optional<SourceRow> imported_from_;
  Document document_;
  ObjectVersion version_;  ///< empty until the object is committed
  Clock::SteadyTime lease_taken_at_;
  bool settled_ = true;  ///< nothing to give back
};

}  // namespace satchel
