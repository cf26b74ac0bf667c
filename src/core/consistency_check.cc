#include "core/consistency_check.h"

#include <memory>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "base/sha256.h"
#include "base/text.h"
#include "core/download.h"
#include "core/repeated_write.h"
#include "core/store_pairing.h"
#include "core/unreferenced_versions.h"

namespace satchel {
namespace {

Finding FindingOf(FindingKind kind, const Document& document, std::string message) {
  return {.kind = kind,
          .document = document.id,
          .user = document.user,
          .object = ObjectOf(document),
          .message = std::move(message)};
}

std::string Differs(std::int64_t stored, std::int64_t recorded) {
  return "is " + std::to_string(stored) + ", recorded " + std::to_string(recorded);
}

std::string Describe(const UsageMismatch& mismatch) {
  return "file_count " + Differs(mismatch.counted.file_count, mismatch.recorded.file_count) +
         "; total_bytes " + Differs(mismatch.counted.total_bytes, mismatch.recorded.total_bytes) +
         "; reserved_bytes " +
         Differs(mismatch.counted.reserved_bytes, mismatch.recorded.reserved_bytes);
}

}  // namespace

std::string_view NameOf(FindingKind kind) {
  switch (kind) {
    case FindingKind::kObjectMissing:
      return "object_missing";
    case FindingKind::kLengthDiffers:
      return "length_differs";
    case FindingKind::kHashDiffers:
      return "hash_differs";
    case FindingKind::kObjectUnreadable:
      return "object_unreadable";
    case FindingKind::kUsageDiffers:
      return "usage_differs";
    case FindingKind::kUploadExpired:
      return "upload_expired";
    case FindingKind::kGarbageOverdue:
      return "garbage_overdue";
    case FindingKind::kOrphan:
      return "orphan";
  }
  return "";
}

std::string_view InvariantOf(FindingKind kind) {
  switch (kind) {
    case FindingKind::kObjectMissing:
    case FindingKind::kLengthDiffers:
    case FindingKind::kHashDiffers:
    case FindingKind::kObjectUnreadable:
      return "I1";
    case FindingKind::kUsageDiffers:
      return "I2";
    case FindingKind::kUploadExpired:
    case FindingKind::kGarbageOverdue:
    case FindingKind::kOrphan:
      return "I5";
  }
  return "";
}

/// What one run has seen so far.
struct ConsistencyCheck::Pass {
  ConsistencyListener& listener;
  ConsistencySummary summary;
  Buffer block{kTransferChunkBytes};

  void Report(Finding finding) {
    ++summary.findings;
    if (finding.repaired) ++summary.repaired;
    // Another program may have written anything.
    finding.document = DocumentId(ToValidUtf8(finding.document.value()));
    finding.user = UserId(ToValidUtf8(finding.user.value()));
    finding.object.key = ToValidUtf8(finding.object.key);
    finding.object.version = ObjectVersion(ToValidUtf8(finding.object.version.value()));
    finding.message = ToValidUtf8(finding.message);
    listener.OnFinding(finding);
  }
};

ConsistencyCheck::ConsistencyCheck(MetadataStore& metadata, ObjectStore& objects, Sweeper& sweeper,
                                   EventLog& log, SweepObserver& observer,
                                   ConsistencyOptions options)
    : metadata_(metadata),
      objects_(objects),
      sweeper_(sweeper),
      log_(log),
      observer_(observer),
      options_(options) {}

Result<ConsistencySummary> ConsistencyCheck::Run(const CallContext& call,
                                                 ConsistencyListener& listener) {
  SATCHEL_RETURN_IF_ERROR(CheckPairing(call, metadata_, objects_));
  Pass pass{.listener = listener, .summary = {}};
  SATCHEL_RETURN_IF_ERROR(CheckDeadRows(call, pass));
  SATCHEL_RETURN_IF_ERROR(CheckUsage(call, pass));
  SATCHEL_RETURN_IF_ERROR(CheckDocuments(call, pass));
  SATCHEL_RETURN_IF_ERROR(CheckOrphans(call, pass));
  return pass.summary;
}

Status ConsistencyCheck::CheckDocuments(const CallContext& call, Pass& pass) {
  DocumentId after;
  while (true) {
    SATCHEL_ASSIGN_OR_RETURN(const std::vector<Document> rows,
                             metadata_.ScanDocuments(call, after, options_.batch_rows));
    if (rows.empty()) return {};
    for (const Document& row : rows) {
      SATCHEL_RETURN_IF_ERROR(call.Check());
      if (row.state != DocumentState::kCompleted) continue;
      SATCHEL_RETURN_IF_ERROR(CheckDocument(call, row, pass));
      ++pass.summary.checked.documents_checked;
      pass.listener.OnProgress(pass.summary.checked);
    }
    after = rows.back().id;
  }
}

Status ConsistencyCheck::CheckDocument(const CallContext& call, const Document& document,
                                       Pass& pass) {
  ContentHash sha256;
  SATCHEL_ASSIGN_OR_RETURN(const std::optional<Finding> finding,
                           CompareBytes(call, document, &sha256, pass));
  if (finding) {
    // Deleted while it was read: its bytes are gone by right.
    SATCHEL_ASSIGN_OR_RETURN(const bool still_stored, StillStored(call, document));
    if (still_stored) pass.Report(*finding);
    return {};
  }
  if (!document.sha256.empty()) return {};
  ++pass.summary.documents_without_hash;
  if (!options_.repair) return {};
  const Status recorded =
      RepeatUntilKnown([&] { return metadata_.RecordHash(call, document.id, sha256); });
  if (recorded.Is(Reason::kDocumentNotFound)) return {};  // deleted meanwhile
  SATCHEL_RETURN_IF_ERROR(recorded);
  ++pass.summary.hashes_recorded;
  return {};
}

Result<std::optional<Finding>> ConsistencyCheck::CompareBytes(const CallContext& call,
                                                              const Document& document,
                                                              ContentHash* sha256, Pass& pass) {
  // One object that cannot be read is a finding, a store that cannot be asked is not.
  const auto unreadable = [&](const Status& why) -> Result<std::optional<Finding>> {
    SATCHEL_RETURN_IF_ERROR(call.Check());
    SATCHEL_RETURN_IF_ERROR(objects_.Probe(call));
    return std::optional(
        FindingOf(FindingKind::kObjectUnreadable, document, "cannot be read: " + why.ToString()));
  };
  Result<std::unique_ptr<ObjectReader>> reader = objects_.Open(call, ObjectOf(document), 0);
  if (!reader.ok()) return unreadable(reader.status());
  if (*reader == nullptr) {
    return std::optional(
        FindingOf(FindingKind::kObjectMissing, document, "its bytes are not in the store"));
  }
  std::int64_t length = (*reader)->size();
  Sha256 hash;
  for (std::int64_t read = 0; length == document.size;) {
    SATCHEL_RETURN_IF_ERROR(call.Check());
    const Result<std::size_t> count = (*reader)->Read(call, pass.block.span());
    if (!count.ok()) return unreadable(count.status());
    if (*count == 0) {
      length = read;
      break;
    }
    hash.Update(pass.block.span().first(*count));
    read += static_cast<std::int64_t>(*count);
    pass.summary.checked.bytes_read += static_cast<std::int64_t>(*count);
  }
  if (length != document.size) {
    return std::optional(FindingOf(FindingKind::kLengthDiffers, document,
                                   "length " + Differs(length, document.size)));
  }
  *sha256 = hash.Finish();
  if (!document.sha256.empty() && *sha256 != document.sha256) {
    return std::optional(
        FindingOf(FindingKind::kHashDiffers, document,
                  "SHA-256 is " + sha256->value() + ", recorded " + document.sha256.value()));
  }
  return std::optional<Finding>();
}

Result<bool> ConsistencyCheck::StillStored(const CallContext& call, const Document& document) {
  SATCHEL_ASSIGN_OR_RETURN(const std::optional<Document> now, metadata_.Find(call, document.id));
  return now && now->state == DocumentState::kCompleted && now->version == document.version;
}

Status ConsistencyCheck::CheckUsage(const CallContext& call, Pass& pass) {
  SATCHEL_ASSIGN_OR_RETURN(const std::vector<UsageMismatch> mismatches,
                           metadata_.FindUsageMismatches(call));
  for (const UsageMismatch& mismatch : mismatches) {
    Finding finding{.kind = FindingKind::kUsageDiffers,
                    .document = {},
                    .user = mismatch.recorded.user,
                    .object = {},
                    .message = Describe(mismatch)};
    if (options_.repair) {
      SATCHEL_RETURN_IF_ERROR(
          RepeatUntilKnown([&] { return metadata_.RepairUsage(call, finding.user); }));
      finding.repaired = true;
      observer_.UsageRepaired(finding.user);
      log_.Write(LogLevel::kError, "a user's counters were wrong and have been recounted",
                 {{"userId", finding.user.value()}, {"difference", finding.message}});
    }
    pass.Report(finding);
  }
  return {};
}

Status ConsistencyCheck::CheckDeadRows(const CallContext& call, Pass& pass) {
  SATCHEL_ASSIGN_OR_RETURN(const Timestamp now, metadata_.Now(call));
  SATCHEL_ASSIGN_OR_RETURN(
      const std::vector<Document> expired,
      metadata_.FindExpiredUploads(call, options_.garbage_delay_max, options_.reported_rows_max));
  SATCHEL_ASSIGN_OR_RETURN(const std::vector<Garbage> garbage,
                           metadata_.FindGarbage(call, std::nullopt, options_.reported_rows_max));
  bool swept = false;
  if (options_.repair) {
    const SweepReport report = sweeper_.SweepRows(call);
    SATCHEL_RETURN_IF_ERROR(report.status);
    swept = report.stop == SweepStop::kNone && report.row_failures == 0;
  }
  for (const Document& row : expired) {
    Finding finding = FindingOf(FindingKind::kUploadExpired, row,
                                "its upload is dead, but still holds the name and " +
                                    std::to_string(row.size) + " bytes of quota");
    finding.repaired = swept;
    pass.Report(finding);
  }
  for (const Garbage& row : garbage) {
    if (now - row.due_at <= options_.garbage_delay_max) continue;
    Finding finding = FindingOf(FindingKind::kGarbageOverdue, row.document,
                                "its bytes were due to go at " + FormatTimestamp(row.due_at));
    finding.repaired = swept;
    pass.Report(finding);
  }
  return {};
}

Result<bool> ConsistencyCheck::RemoveOrphan(const CallContext& call, const StoredVersion& version) {
  // The second look.
  SATCHEL_ASSIGN_OR_RETURN(const std::vector<StoredVersion> still_orphaned,
                           FilterUnreferenced(call, metadata_, {version}));
  if (still_orphaned.empty()) return false;
  const Status removed = objects_.Remove(call, version.object);
  if (removed.ok()) return true;
  SATCHEL_RETURN_IF_ERROR(call.Check());
  SATCHEL_RETURN_IF_ERROR(objects_.Probe(call));
  return false;
}

Status ConsistencyCheck::CheckOrphans(const CallContext& call, Pass& pass) {
  SATCHEL_ASSIGN_OR_RETURN(const Timestamp now, objects_.Now(call));
  // As for the sweeper: where the database knows nothing, everything looks orphaned.
  SATCHEL_ASSIGN_OR_RETURN(const bool has_documents, metadata_.HasDocuments(call));
  const bool removable = options_.repair && has_documents;
  SATCHEL_ASSIGN_OR_RETURN(
      pass.summary.versions_listed,
      VisitUnreferenced(call, metadata_, objects_, [&](const StoredVersion& version) -> Status {
        if (now - version.modified_at <= options_.orphan_age_min) {
          ++pass.summary.young_orphans;
          return {};
        }
        // Listed before its document was deleted, row and bytes: nothing is left of it.
        SATCHEL_ASSIGN_OR_RETURN(const std::unique_ptr<ObjectReader> still_there,
                                 objects_.Open(call, version.object, 0));
        if (still_there == nullptr) return {};
        Finding finding{.kind = FindingKind::kOrphan,
                        .document = {},
                        .user = {},
                        .object = version.object,
                        .message = "no row knows the object " + version.object.version.value() +
                                   ", " + std::to_string(version.size) + " bytes of " +
                                   FormatTimestamp(version.modified_at)};
        if (removable) {
          SATCHEL_ASSIGN_OR_RETURN(finding.repaired, RemoveOrphan(call, version));
        }
        pass.Report(finding);
        return {};
      }));
  return {};
}

}  // namespace satchel
