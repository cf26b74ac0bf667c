#include "adapters/s3/s3_bucket_setup.h"

#include <optional>
#include <string>
#include <utility>

#include "adapters/s3/http_channel.h"
#include "adapters/s3/s3_errors.h"
#include "adapters/s3/s3_requests.h"
#include "adapters/s3/s3_xml.h"

namespace satchel {
namespace {

/// Whether what takes no plain request speaks TLS, whoever signed its certificate. Asked without
/// a key.
bool SpeaksTls(const S3Client& client, const CallContext& call) {
  S3StoreOptions options = client.options();
  options.endpoint.secure = true;
  OutgoingRequest request;
  request.method = "HEAD";
  request.url = options.endpoint.Url() + "/";
  const HttpFault fault = HttpChannel(options).Perform(call, std::move(request)).fault;
  return fault == HttpFault::kNone || fault == HttpFault::kUntrusted;
}

/// Creating is asked for only where it is needed: a key may be allowed to use a bucket alone.
Status EnsureBucket(S3Client& client, const CallContext& call, const std::string& bucket) {
  const S3Request head = HeadBucketRequest(bucket);
  SATCHEL_ASSIGN_OR_RETURN(const HttpAnswer found, client.Send(call, head));
  if (found.ok()) return {};
  const bool missing = found.fault == HttpFault::kNone && found.status == 404;
  if (found.fault != HttpFault::kNone) return S3SetupError(head.operation, found);
  // HEAD tells no reason; the request that would make it does.
  const S3Request create = CreateBucketRequest(bucket, client.options().region);
  SATCHEL_ASSIGN_OR_RETURN(const HttpAnswer created, client.Send(call, create));
  const std::string code = S3CodeOf(created);
  // Made by another replica just now, or it was there all the time.
  if (created.ok() || code == "BucketAlreadyOwnedByYou") return {};
  if (!missing && code == "BucketAlreadyExists") return S3SetupError(head.operation, found);
  if (code == "AccessDenied") {
    return ConfigurationError(
        "bucket " + bucket + (missing ? " is not there" : " is not there or hidden from the key") +
        ", and the access key may not make it (AccessDenied): make it with versioning switched on, "
        "give the key s3:ListBucket and s3:CreateBucket as in deploy/minio/policy.json, or correct "
        "MINIO_BUCKET");
  }
  const bool not_s3 = created.fault == HttpFault::kNone && created.status == 400 && code.empty();
  if (not_s3 && !client.options().endpoint.secure && SpeaksTls(client, call)) {
    return ConfigurationError("the object store speaks https, not http: set MINIO_SECURE=true");
  }
  return S3SetupError(create.operation, created).WithContext("bucket " + bucket);
}

Result<std::string> ReadVersioning(S3Client& client, const CallContext& call) {
  const S3Request request = GetVersioningRequest(client.bucket());
  SATCHEL_ASSIGN_OR_RETURN(const HttpAnswer answer, client.Send(call, request));
  // versitygw's word for a bucket that never had any, and for a store that cannot.
  if (S3CodeOf(answer) == "VersioningNotConfigured") return std::string();
  if (!answer.ok()) return S3SetupError(request.operation, answer);
  std::optional<std::string> status = ParseVersioningStatus(answer.body);
  if (!status) return S3Nonsense(request.operation, answer);
  return *std::move(status);
}

Status EnsureVersioning(S3Client& client, const CallContext& call) {
  SATCHEL_ASSIGN_OR_RETURN(std::string status, ReadVersioning(client, call));
  if (status == "Enabled") return {};
  const S3Request enable = EnableVersioningRequest(client.bucket());
  SATCHEL_ASSIGN_OR_RETURN(const HttpAnswer enabled, client.Send(call, enable));
  if (IsTransient(enabled) || enabled.fault != HttpFault::kNone) {
    return S3SetupError(enable.operation, enabled);
  }
  if (enabled.ok()) {
    SATCHEL_ASSIGN_OR_RETURN(status, ReadVersioning(client, call));
    if (status == "Enabled") return {};
  }
  const Status why = enabled.ok() ? Status() : S3SetupError(enable.operation, enabled);
  return ConfigurationError(
      "the object store does not keep versions in bucket " + client.bucket() +
      ", without which satchel cannot tell a document from a later one of the same name; use a "
      "store and a bucket with versioning" +
      (why.ok() ? std::string() : " (" + why.ToString() + ")"));
}

}  // namespace

Status SetUpBuckets(S3Client& client, const CallContext& call, EventLog& log) {
  SATCHEL_RETURN_IF_ERROR(EnsureBucket(client, call, client.bucket()));
  SATCHEL_RETURN_IF_ERROR(EnsureVersioning(client, call));
  for (const char* bucket : {"temp", "backups"}) {
    const Status made = EnsureBucket(client, call, bucket);
    if (made.ok()) continue;
    log.Write(LogLevel::kWarning, "a bucket beside that of the documents could not be made",
              {{"bucket", bucket}, {"cause", made.ToString()}});
  }
  return {};
}

}  // namespace satchel
