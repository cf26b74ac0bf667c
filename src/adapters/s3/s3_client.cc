#include "adapters/s3/s3_client.h"

#include <utility>

#include "adapters/s3/s3_errors.h"

namespace satchel {
namespace {

std::string PathOf(const S3Request& request) {
  std::string path = "/" + request.bucket;
  if (!request.key.empty()) path.append("/").append(request.key);
  return path;
}

}  // namespace

S3Client::S3Client(S3StoreOptions options, const Clock& clock, Pauses& pauses)
    : options_(std::move(options)), clock_(clock), pauses_(pauses), pool_(options_) {}

OutgoingRequest S3Client::Sign(const S3Request& request) const {
  const SigningScope scope{.credentials = &options_.credentials,
                           .region = options_.region,
                           .service = "s3",
                           .time = std::chrono::floor<std::chrono::seconds>(clock_.WallNow())};
  SignableRequest signable{.method = request.method,
                           .path = PathOf(request),
                           .query = request.query,
                           .headers = request.headers,
                           .payload_hash = request.payload_hash};
  if (signable.payload_hash.empty()) signable.payload_hash = HexSha256(request.body);
  // Between us and the store alone: proxies may change it.
  signable.headers.erase("expect");
  signable.headers["host"] = options_.endpoint.host;
  signable.headers["x-amz-date"] = FormatAmzDate(scope.time);
  signable.headers["x-amz-content-sha256"] = signable.payload_hash;

  OutgoingRequest http;
  http.method = request.method;
  http.url = options_.endpoint.Url() + EncodePath(signable.path);
  if (!request.query.empty()) http.url.append("?").append(EncodeQuery(request.query));
  http.headers = signable.headers;
  http.headers["authorization"] = AuthorizationHeader(scope, signable);
  if (const auto expect = request.headers.find("expect"); expect != request.headers.end()) {
    http.headers.insert(*expect);
  }
  http.body = request.body;
  return http;
}

Result<HttpAnswer> S3Client::SendOnce(const CallContext& call, const S3Request& request) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  SATCHEL_ASSIGN_OR_RETURN(const HttpPool::Lease channel, pool_.Borrow());
  return channel->Perform(call, Sign(request));
}

Result<HttpAnswer> S3Client::Send(const CallContext& call, const S3Request& request) {
  Backoff backoff(pauses_);
  while (true) {
    SATCHEL_ASSIGN_OR_RETURN(HttpAnswer answer, SendOnce(call, request));
    const bool again = request.repeatable ? IsTransient(answer) : IsNotDone(answer);
    if (!again || !backoff.Next(call)) return answer;
  }
}

}  // namespace satchel
