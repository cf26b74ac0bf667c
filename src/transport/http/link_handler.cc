#include "transport/http/link_handler.h"

#include <chrono>
#include <utility>

#include "base/content_disposition.h"
#include "transport/http/byte_range.h"
#include "transport/http/http_date.h"
#include "transport/http/preconditions.h"
#include "transport/http/run_on.h"

namespace satchel {
namespace {

using std::chrono::steady_clock;

/// For finding and opening a document, not for sending it.
constexpr std::chrono::seconds kLookupTimeout{10};
constexpr std::string_view kRetryAfterSeconds = "5";

/// A document is never a page of ours: browsers shall neither guess its type, nor run anything in
/// it, nor keep it, nor tell others the link it came from.
HttpResponse Guarded(HttpResponse response) {
  response.Set("X-Content-Type-Options", "nosniff")
      .Set("Content-Security-Policy", "default-src 'none'; sandbox")
      .Set("Referrer-Policy", "no-referrer")
      .Set("Cache-Control", "private, no-store");
  return response;
}

HttpResponse Failure(const Status& status) {
  if (status.code() == StatusCode::kUnavailable || status.code() == StatusCode::kDeadlineExceeded) {
    return HttpResponse::Text(503, "The document cannot be read now; try again in a moment.")
        .Set("Retry-After", kRetryAfterSeconds);
  }
  return HttpResponse::Text(500, "The document cannot be read; tell the operator.");
}

/// Visible ASCII; foreign rows may hold anything.
std::string SafeMimeType(const std::string& mime_type) {
  const bool safe = !mime_type.empty() && mime_type.find_first_not_of(
                                              "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                              "0123456789!#$&^_.+-/;= \"") == std::string::npos;
  return safe ? mime_type : "application/octet-stream";
}

Validators ValidatorsOf(const Document& document) {
  Validators validators;
  // Rows of other programs have no hash, and then nothing that could be a strong tag.
  if (!document.sha256.empty()) validators.etag = '"' + document.sha256.value() + '"';
  // The bytes of a document never change after it was made.
  validators.last_modified = std::chrono::floor<std::chrono::seconds>(document.created_at);
  return validators;
}

/// The response to a request for `document` with all but the bytes.
struct Plan {
  HttpResponse response;
  bool has_body = false;
  std::int64_t offset = 0;
  std::int64_t length = 0;
  Status refusal = {};  ///< for the record; OK: not refused
};

Plan Refusal(HttpResponse response, Status why) {
  Plan plan{std::move(response)};
  plan.refusal = std::move(why);
  return plan;
}

Plan PlanFor(const HttpRequest& request, const Document& document) {
  const Validators validators = ValidatorsOf(document);
  const auto described = [&](HttpResponse response) {
    if (!validators.etag.empty()) response.Set("ETag", validators.etag);
    response.Set("Last-Modified", FormatHttpDate(validators.last_modified));
    return response;
  };
  switch (EvaluatePreconditions(request, validators)) {
    case Precondition::kNotModified:
      return Plan{described(HttpResponse(304))};
    case Precondition::kFailed:
      return Refusal(
          described(HttpResponse::Text(412, "The document is not the one that was named.")),
          Status(Reason::kInvalidField, "the request's condition names another document"));
    case Precondition::kHolds:
      break;
  }
  ByteRange range;
  const std::optional<std::string> asked = request.Header("range");
  if (asked && !request.is_head() && RangeMayApply(request, validators)) {
    range = ParseRange(*asked, document.size);
  }
  const std::string size = std::to_string(document.size);
  if (range.kind == ByteRange::Kind::kUnsatisfiable) {
    return Refusal(described(HttpResponse::Text(416, "The document has no such bytes.")
                                 .Set("Content-Range", "bytes */" + size)),
                   Status(Reason::kOffsetOutOfRange, "the document has no such bytes"));
  }
  const bool part = range.kind == ByteRange::Kind::kPart;
  Plan plan{described(HttpResponse(part ? 206 : 200)), true, 0, document.size};
  plan.response.Set("Content-Type", SafeMimeType(document.mime_type))
      .Set("Content-Disposition", AttachmentDisposition(document.filename))
      .Set("Accept-Ranges", "bytes");
  if (part) {
    plan.offset = range.first;
    plan.length = range.last - range.first + 1;
    plan.response.Set("Content-Range", "bytes " + std::to_string(range.first) + "-" +
                                           std::to_string(range.last) + "/" + size);
  }
  return plan;
}

/// One request, as log and metrics see it.
class LinkedDownload {
 public:
  LinkedDownload(const LinkHandler::Parts& parts, const HttpRequest& request)
      : parts_(parts),
        request_(request),
        call_(parts.ids.RandomHex(), steady_clock::now() + kLookupTimeout),
        started_at_(steady_clock::now()) {
    record_.operation = Operation::kDownload;
    record_.request_id = call_.request_id();
  }

  /// Without a valid signature. The target may hold one of another link, so it is not recorded.
  HttpResponse Refuse(const char* answer, const char* why) {
    Record(Status(Reason::kPermissionDenied, why));
    return HttpResponse::Text(403, answer);
  }

  /// Behind a valid signature. Blocks.
  HttpResponse Respond(const DocumentId& id) {
    record_.document_id = id.value();
    Result<std::optional<Document>> found = parts_.documents.Resolve(call_, id);
    if (!found.ok()) return Failed(found.status());
    if (!found->has_value()) {
      return Failed(Status(Reason::kDocumentNotFound, "the document of the link was deleted"));
    }
    const Document& document = **found;
    record_.user_id = document.user.value();
    record_.filename = document.filename;
    record_.size = document.size;

    Plan plan = PlanFor(request_, document);
    if (!plan.refusal.ok()) Record(plan.refusal);
    if (!plan.has_body) return std::move(plan.response);
    auto reader = parts_.documents.Open(call_, document, plan.offset);
    if (!reader.ok()) return Failed(reader.status());
    if (*reader == nullptr || (*reader)->size() != document.size) {
      return Failed(Status(Reason::kChecksumMismatch,
                           *reader == nullptr ? "the stored object is missing"
                                              : "the stored object has another length"));
    }
    if (request_.is_head()) {
      plan.response.SetLength(plan.length);
      return std::move(plan.response);
    }
    return Sending(std::move(plan), std::move(reader).value());
  }

 private:
  /// A request that sends nothing of a document.
  void Record(const Status& status) {
    parts_.observer.CallStarted(record_.operation);
    record_.status = status;
    record_.duration = steady_clock::now() - started_at_;
    parts_.observer.CallEnded(record_);
  }

  HttpResponse Failed(const Status& status) {
    Record(status);
    if (status.Is(Reason::kDocumentNotFound)) {
      return HttpResponse::Text(404, "The document was deleted.");
    }
    return Failure(status);
  }

  HttpResponse Sending(Plan plan, std::unique_ptr<ObjectReader> reader) {
    parts_.observer.CallStarted(record_.operation);
    record_.size = plan.length;
    plan.response.SetObject({std::move(reader), plan.offset, plan.length});
    plan.response.OnSent([record = record_, &observer = parts_.observer,
                          started_at = started_at_](const Status& status) mutable {
      record.status = status;
      record.caller_at_fault =
          status.Is(Reason::kCancelled) || status.Is(Reason::kDeadlineExceeded);
      record.duration = steady_clock::now() - started_at;
      observer.CallEnded(record);
    });
    return std::move(plan.response);
  }

  const LinkHandler::Parts& parts_;
  const HttpRequest& request_;
  const CallContext call_;
  const steady_clock::time_point started_at_;
  CallRecord record_;
};

}  // namespace

boost::asio::awaitable<HttpResponse> LinkHandler::Handle(const HttpRequest& request) {
  const LinkVerdict verdict = parts_.verifier.Verify(request.target);
  LinkedDownload download(parts_, request);
  if (verdict.kind == LinkVerdict::Kind::kBad) {
    co_return Guarded(download.Refuse("This link is not valid; ask for a new one.",
                                      "the link was changed, or is none"));
  }
  if (verdict.kind == LinkVerdict::Kind::kExpired) {
    co_return Guarded(
        download.Refuse("This link has expired; ask for a new one.", "the link has expired"));
  }
  auto respond = [&] { return download.Respond(verdict.document); };
  HttpResponse response = co_await RunOn(parts_.workers, respond);
  co_return Guarded(std::move(response));
}

}  // namespace satchel
