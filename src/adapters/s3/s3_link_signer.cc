#include "adapters/s3/s3_link_signer.h"

#include <utility>

#include "adapters/s3/sigv4.h"
#include "base/content_disposition.h"

namespace satchel {

SignedLink PresignDocument(const S3LinkOptions& options, const Document& document,
                           std::chrono::sys_seconds now, std::chrono::seconds life) {
  const SigningScope scope{
      .credentials = &options.credentials, .region = options.region, .service = "s3", .time = now};
  SignableRequest request{.method = "GET",
                          .path = "/" + options.bucket + "/" + document.object_key,
                          .query = {},
                          .headers = {{"host", options.endpoint.host}},
                          .payload_hash = {}};
  request.query.emplace_back("versionId", document.version.value());
  request.query.emplace_back("response-content-disposition",
                             AttachmentDisposition(document.filename));
  request.query.emplace_back("response-content-type", document.mime_type);
  std::string url = options.endpoint.Url() + EncodePath(request.path);
  url.append("?").append(PresignedQuery(scope, std::move(request), life));
  return {std::move(url), now + life};
}

Result<SignedLink> S3LinkSigner::Sign(const CallContext& call, const Document& document,
                                      std::chrono::minutes life) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  if (document.version.empty()) return InternalError("a link that names no version");
  const auto now = std::chrono::floor<std::chrono::seconds>(clock_.WallNow());
  return PresignDocument(options_, document, now, life);
}

}  // namespace satchel
