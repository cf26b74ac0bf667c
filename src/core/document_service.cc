#include "core/document_service.h"

#include <algorithm>
#include <utility>

#include "base/identifiers.h"
#include "base/limits.h"
#include "base/text.h"
#include "core/names.h"
#include "core/page_token.h"
#include "core/repeated_write.h"

namespace satchel {
namespace {

using boost::asio::awaitable;
using namespace std::chrono_literals;

constexpr int kDeleteTriesMax = 3;
/// The delete is done before its bytes are gone: nobody waits long for that.
constexpr std::chrono::milliseconds kRemovalTimeMax = 1s;
constexpr std::chrono::milliseconds kRetryDelay = 1s;

Status NotFound(const std::string& document_id) {
  return Status(Reason::kDocumentNotFound,
                "no such document; it may have been deleted, or its upload did not complete")
      .WithResource(document_id);
}

Status CheckSelector(const DocumentSelector& which) {
  FieldChecker fields;
  fields.CheckUserId(which.user_id);
  fields.CheckDocumentId(which.document_id);
  return fields.status();
}

Result<ListQuery> ToQuery(const ListRequest& request) {
  FieldChecker fields;
  fields.CheckUserId(request.user_id);
  if (request.category) fields.CheckCategory(*request.category);
  ListQuery query{.user = UserId(request.user_id),
                  .category = request.category,
                  .day = std::nullopt,
                  .after = std::nullopt,
                  .page_size = std::min(request.page_size, kPageSizeMax)};
  if (request.date_filter) {
    query.day = ParseDay(*request.date_filter);
    if (!query.day) {
      fields.Reject("date_filter", "must be a day as YYYY-MM-DD", *request.date_filter);
    }
  }
  if (request.page_size < 0) {
    fields.Reject("page_size", "must not be negative", std::to_string(request.page_size));
  }
  SATCHEL_RETURN_IF_ERROR(fields.status());
  if (query.page_size == 0) query.page_size = kPageSizeDefault;
  if (!request.page_token.empty()) {
    SATCHEL_ASSIGN_OR_RETURN(query.after, DecodePageToken(query, request.page_token));
  }
  return query;
}

}  // namespace

DocumentService::DocumentService(Uploader& uploader, MetadataStore& metadata, ObjectStore& objects,
                                 LinkSigner& links, EventLog& log, DocumentServiceOptions options)
    : uploader_(uploader),
      metadata_(metadata),
      objects_(objects),
      links_(links),
      log_(log),
      options_(options) {}

Result<Document> DocumentService::FindOwned(const CallContext& call,
                                            const DocumentSelector& which) {
  SATCHEL_RETURN_IF_ERROR(CheckSelector(which));
  if (!IsUuid(which.document_id)) return NotFound(which.document_id);
  SATCHEL_ASSIGN_OR_RETURN(std::optional<Document> found,
                           metadata_.Find(call, DocumentId(which.document_id)));
  if (!found || found->state != DocumentState::kCompleted) return NotFound(which.document_id);
  if (found->user.value() != which.user_id) {
    return Status(Reason::kPermissionDenied, "the document belongs to another user")
        .WithResource(which.document_id);
  }
  return *std::move(found);
}

awaitable<Result<Document>> DocumentService::Upload(const CallContext& call, UploadStream& stream) {
  return uploader_.Upload(call, stream);
}

awaitable<Status> DocumentService::Download(const CallContext& call, const DocumentSelector& which,
                                            std::int64_t offset, DownloadSink& sink) {
  if (offset < 0) {
    FieldChecker fields;
    fields.CheckUserId(which.user_id);
    fields.CheckDocumentId(which.document_id);
    fields.Reject("offset", "must not be negative", std::to_string(offset));
    co_return fields.status();
  }
  SATCHEL_CO_ASSIGN_OR_RETURN(const Document document, FindOwned(call, which));
  if (offset > document.size) {
    const std::string rule =
        "must be at most the document's " + std::to_string(document.size) + " bytes";
    co_return Status(Reason::kOffsetOutOfRange, "offset " + rule)
        .WithField("offset", rule, std::to_string(offset));
  }
  const Status sent = co_await SendDocument(call, objects_, document, offset, sink);
  if (!sent.Is(Reason::kChecksumMismatch) && !sent.Is(Reason::kObjectStoreUnavailable)) {
    co_return sent;
  }
  // Deleted while it was being read: the bytes are gone by right, and some stores then just stop.
  const Result<Document> now = FindOwned(call, which);
  co_return !now.ok() && now.status().Is(Reason::kDocumentNotFound) ? now.status() : sent;
}

Result<Document> DocumentService::WithVersion(const CallContext& call, Document document) {
  if (!document.version.empty()) return document;
  SATCHEL_ASSIGN_OR_RETURN(ObjectVersion newest, objects_.FindNewest(call, document.object_key));
  if (newest.empty()) return document;
  const Status recorded =
      RepeatUntilKnown([&] { return metadata_.RecordVersion(call, document.id, newest); });
  // Another caller was quicker, with this or with a delete.
  if (recorded.Is(Reason::kDocumentNotFound)) {
    return FindOwned(call, {document.user.value(), document.id.value()});
  }
  SATCHEL_RETURN_IF_ERROR(recorded);
  document.version = std::move(newest);
  return document;
}

void DocumentService::NoteVersion(const CallContext& call, const Document& document) {
  const CallContext asking(call, std::chrono::steady_clock::now() + kRemovalTimeMax);
  const Status noted = WithVersion(asking, document).status();
  if (noted.ok() || noted.Is(Reason::kDocumentNotFound)) return;
  log_.Write(
      LogLevel::kWarning,
      "which version a document has could not be learned; once it is deleted its bytes remain "
      "for the search for orphans",
      {{"requestId", call.request_id()},
       {"documentId", document.id.value()},
       {"cause", noted.ToString()}});
}

Result<Deletion> DocumentService::Delete(const CallContext& call, const DocumentSelector& which) {
  SATCHEL_ASSIGN_OR_RETURN(const Document document, FindOwned(call, which));
  if (document.version.empty()) NoteVersion(call, document);
  SATCHEL_ASSIGN_OR_RETURN(std::optional<Deletion> deletion, DeleteRow(call, document));
  if (!deletion) return NotFound(which.document_id);
  if (options_.delete_retention.count() == 0) RemoveDeletedBytes(call, deletion->document);
  return *std::move(deletion);
}

Result<std::optional<Deletion>> DocumentService::DeleteRow(const CallContext& call,
                                                           const Document& document) {
  Status unknown;
  for (int tries = 0; tries < kDeleteTriesMax; ++tries) {
    // When no answer came, a second D1 either does what the first did not, or finds it done.
    Result<std::optional<Deletion>> deletion = metadata_.Delete(
        call, document.user, document.id, options_.delete_retention, options_.default_quota);
    if (deletion.ok() && !*deletion && !unknown.ok()) {
      SATCHEL_ASSIGN_OR_RETURN(Usage usage,
                               metadata_.GetUsage(call, document.user, options_.default_quota));
      return std::optional(Deletion{document, std::move(usage)});
    }
    if (!deletion.status().Is(Reason::kOutcomeUnknown)) return deletion;
    unknown = deletion.status();
  }
  return Status(Reason::kDatabaseUnavailable,
                "the database went away; whether the document is deleted is not known; try again")
      .WithCause(unknown.ToString())
      .WithRetryAfter(kRetryDelay);
}

void DocumentService::RemoveDeletedBytes(const CallContext& call, const Document& document) {
  const CallContext removal(call, std::chrono::steady_clock::now() + kRemovalTimeMax);
  Status removed;
  // Without a version the newest of the key would go, which may be a later document's.
  if (!document.version.empty()) removed = objects_.Remove(removal, ObjectOf(document));
  if (removed.ok()) removed = metadata_.Forget(removal, document.id, document.attempt);
  if (removed.ok()) return;
  // The delete itself is done: the row remembers what is left for the sweeper.
  log_.Write(LogLevel::kWarning, "a deleted document's bytes remain for the sweeper",
             {{"requestId", call.request_id()},
              {"documentId", document.id.value()},
              {"cause", removed.ToString()}});
}

Result<ListAnswer> DocumentService::List(const CallContext& call, const ListRequest& request) {
  SATCHEL_ASSIGN_OR_RETURN(const ListQuery query, ToQuery(request));
  SATCHEL_ASSIGN_OR_RETURN(ListPage page, metadata_.List(call, query));
  ListAnswer answer;
  answer.total_count = page.total_count;
  if (page.more && !page.documents.empty()) {
    const Document& last = page.documents.back();
    answer.next_page_token = EncodePageToken(query, {last.created_at, last.id});
  }
  answer.documents = std::move(page.documents);
  for (Document& document : answer.documents) {
    document.id = DocumentId(ToValidUtf8(document.id.value()));
    document.object_key = ToValidUtf8(document.object_key);
  }
  return answer;
}

Result<LinkAnswer> DocumentService::GetUrl(const CallContext& call, const DocumentSelector& which,
                                           std::optional<std::int32_t> expiry_minutes) {
  const std::chrono::minutes life =
      expiry_minutes ? std::chrono::minutes(*expiry_minutes) : options_.link_life_default;
  if (life < kLinkLifeMin || life > kLinkLifeMax) {
    SATCHEL_RETURN_IF_ERROR(CheckSelector(which));
    return InvalidField("expiry_minutes",
                        "must be " + std::to_string(kLinkLifeMin.count()) + " to " +
                            std::to_string(kLinkLifeMax.count()),
                        std::to_string(life.count()));
  }
  SATCHEL_ASSIGN_OR_RETURN(Document document, FindOwned(call, which));
  SATCHEL_ASSIGN_OR_RETURN(document, WithVersion(call, std::move(document)));
  if (document.version.empty()) return DataLoss(document, "its bytes are missing");
  SATCHEL_ASSIGN_OR_RETURN(SignedLink link, links_.Sign(call, document, life));
  return LinkAnswer{std::move(link), std::move(document)};
}

Result<Usage> DocumentService::GetUsage(const CallContext& call, const std::string& user_id) {
  FieldChecker fields;
  fields.CheckUserId(user_id);
  SATCHEL_RETURN_IF_ERROR(fields.status());
  return metadata_.GetUsage(call, UserId(user_id), options_.default_quota);
}

Result<std::optional<Document>> DocumentService::FindLinked(const CallContext& call,
                                                            const DocumentId& id) {
  SATCHEL_ASSIGN_OR_RETURN(std::optional<Document> found, metadata_.Find(call, id));
  if (found && found->state != DocumentState::kCompleted) found.reset();
  return found;
}

}  // namespace satchel
