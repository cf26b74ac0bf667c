#include "adapters/s3/s3_errors.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

#include "adapters/s3/s3_xml.h"
#include "base/text.h"

namespace satchel {
namespace {

constexpr std::chrono::seconds kRetryAfterFull{30};
constexpr std::chrono::seconds kRetryAfterRefusal{30};
constexpr std::chrono::seconds kRetryAfterFailure{1};
constexpr std::size_t kLoggedBytesMax = 300;

enum class Kind : std::uint8_t {
  kPasses,    ///< may work in a moment
  kFull,      ///< when the operator has made room
  kRefused,   ///< when the operator has changed a setting, here or at the store
  kAnswered,  ///< for this request only: the store works
};

struct KnownCode {
  std::string_view code;
  Kind kind;
  std::string_view advice;
};

constexpr std::string_view kRegionAdvice =
    "MINIO_REGION is not the region of the store or of the bucket: set it to the one that the "
    "store names";
constexpr std::string_view kFullAdvice = "the store is full: make room in it or raise its quota";
constexpr std::string_view kBusyAdvice = "the store asks for fewer requests";

constexpr std::array kKnownCodes = {
    KnownCode{"AccessDenied", Kind::kRefused,
              "the access key lacks a right: it needs to read, write, list and delete objects, "
              "versions and multipart uploads in the bucket, and to read its versioning"},
    KnownCode{"AllAccessDisabled", Kind::kRefused, "the store has disabled access to the bucket"},
    KnownCode{"InvalidAccessKeyId", Kind::kRefused,
              "the store does not know the access key: check MINIO_ACCESS_KEY"},
    KnownCode{"SignatureDoesNotMatch", Kind::kRefused,
              "MINIO_SECRET_KEY does not belong to MINIO_ACCESS_KEY, or a proxy in between changes "
              "requests"},
    KnownCode{"RequestTimeTooSkewed", Kind::kRefused,
              "the clocks of this machine and of the store differ by more than the store allows "
              "(15 minutes): set them by NTP"},
    KnownCode{"RequestExpired", Kind::kRefused,
              "the clocks of this machine and of the store differ: set them by NTP"},
    KnownCode{"AuthorizationHeaderMalformed", Kind::kRefused, kRegionAdvice},
    KnownCode{"AuthorizationQueryParametersError", Kind::kRefused, kRegionAdvice},
    KnownCode{"PermanentRedirect", Kind::kRefused, kRegionAdvice},
    KnownCode{"TemporaryRedirect", Kind::kRefused, kRegionAdvice},
    KnownCode{"IllegalLocationConstraintException", Kind::kRefused, kRegionAdvice},
    KnownCode{"InvalidLocationConstraint", Kind::kRefused, kRegionAdvice},
    KnownCode{"InvalidRegion", Kind::kRefused, kRegionAdvice},
    KnownCode{"IncorrectEndpoint", Kind::kRefused, kRegionAdvice},
    KnownCode{
        "NoSuchBucket", Kind::kRefused,
        "the bucket does not exist (any more): check MINIO_BUCKET, or restart to have it made"},
    KnownCode{"InvalidBucketName", Kind::kRefused,
              "MINIO_BUCKET is no name that a bucket can have: 3 to 63 lower-case letters, digits, "
              "dots and hyphens"},
    KnownCode{"BucketAlreadyExists", Kind::kRefused,
              "the bucket belongs to another account: name another one in MINIO_BUCKET"},
    KnownCode{"NotImplemented", Kind::kRefused,
              "this store lacks what satchel needs: versioned buckets, multipart uploads, "
              "checksums"},
    KnownCode{"XMinioStorageFull", Kind::kFull, kFullAdvice},
    KnownCode{"XMinioAdminBucketQuotaExceeded", Kind::kFull, kFullAdvice},
    KnownCode{"InsufficientStorage", Kind::kFull, kFullAdvice},
    KnownCode{"QuotaExceeded", Kind::kFull, kFullAdvice},
    KnownCode{"SlowDown", Kind::kPasses, kBusyAdvice},
    KnownCode{"SlowDownRead", Kind::kPasses, kBusyAdvice},
    KnownCode{"SlowDownWrite", Kind::kPasses, kBusyAdvice},
    KnownCode{"ServiceUnavailable", Kind::kPasses, kBusyAdvice},
    KnownCode{"XMinioServerNotInitialized", Kind::kPasses, "the store is starting"},
    KnownCode{"RequestTimeout", Kind::kPasses, "the store waited too long for our bytes"},
};

constexpr std::array<std::string_view, 5> kBusyCodes = {"SlowDown", "SlowDownRead", "SlowDownWrite",
                                                        "ServiceUnavailable",
                                                        "XMinioServerNotInitialized"};

/// By the status, where there is no code or an unknown one.
KnownCode ByStatus(const HttpAnswer& answer, std::string_view code) {
  const int status = answer.status;
  if (status == 401 || status == 403) return kKnownCodes[0];
  if (status == 301 || status == 307) return {"", Kind::kRefused, kRegionAdvice};
  if (status == 507) return {"", Kind::kFull, kFullAdvice};
  if (status == 501) return {"", Kind::kRefused, "this store lacks what satchel needs"};
  // A page of another's is a proxy's, which may not reach the store.
  const bool answered = !code.empty() || answer.body.empty();
  if (status / 100 == 4 && status != 408 && status != 429 && answered) {
    return {"", Kind::kAnswered, "the store does not take this request: see its own log"};
  }
  return {"", Kind::kPasses, "see the store's own log"};
}

KnownCode Classify(const HttpAnswer& answer, std::string_view code) {
  if (answer.fault == HttpFault::kUntrusted) {
    return {"", Kind::kRefused,
            "the store's certificate is not trusted: set MINIO_CA to the authority that signed it, "
            "and MINIO_ENDPOINT to a name that stands in it"};
  }
  if (answer.fault == HttpFault::kNoTls) {
    return {"", Kind::kRefused,
            "the store speaks http, not https: set MINIO_SECURE=false, or MINIO_ENDPOINT to its "
            "https port"};
  }
  if (answer.fault != HttpFault::kNone) {
    return {"", Kind::kPasses, "check that the store runs and that MINIO_ENDPOINT names it"};
  }
  const auto* known = std::find_if(kKnownCodes.begin(), kKnownCodes.end(),
                                   [&](const KnownCode& entry) { return entry.code == code; });
  return known != kKnownCodes.end() ? *known : ByStatus(answer, code);
}

/// "PutObject: 403 AccessDenied (Access Denied.): advice".
std::string Describe(std::string_view operation, const HttpAnswer& answer,
                     std::string_view advice) {
  std::string text(operation);
  if (answer.fault != HttpFault::kNone) {
    text.append(": ").append(TruncateUtf8(answer.fault_text, kLoggedBytesMax));
  } else {
    text.append(": ").append(std::to_string(answer.status));
    if (const std::optional<S3ErrorBody> error = ParseErrorBody(answer.body)) {
      text.append(" ").append(TruncateUtf8(error->code, kLoggedBytesMax));
      text.append(" (").append(TruncateUtf8(error->message, kLoggedBytesMax)).append(")");
    }
  }
  return text.append("; ").append(advice);
}

}  // namespace

std::string S3CodeOf(const HttpAnswer& answer) {
  if (answer.fault != HttpFault::kNone) return {};
  const std::optional<S3ErrorBody> error = ParseErrorBody(answer.body);
  return error ? error->code : std::string();
}

bool IsAbsent(const HttpAnswer& answer) {
  if (answer.fault != HttpFault::kNone) return false;
  const std::string code = S3CodeOf(answer);
  if (code == "NoSuchKey" || code == "NoSuchVersion") return true;
  if (IsNoKey(answer)) return true;  // a version id with dots and slashes
  if (answer.Header("x-amz-delete-marker") == "true") return true;
  // An id that is no version's, or (versitygw) was one's.
  if (answer.status == 400) return code == "InvalidArgument" || code == "NoSuchVersionId";
  return answer.status == 404 && answer.body.empty();
}

bool IsNoKey(const HttpAnswer& answer) { return S3CodeOf(answer) == "XMinioInvalidResourceName"; }

bool IsTransient(const HttpAnswer& answer) {
  if (answer.fault == HttpFault::kNotReached || answer.fault == HttpFault::kBroken) return true;
  if (answer.fault != HttpFault::kNone) return false;
  if (answer.status == 429 || S3CodeOf(answer) == "RequestTimeout") return true;
  return answer.status == 500 || (answer.status >= 502 && answer.status <= 504);
}

bool IsNotDone(const HttpAnswer& answer) {
  if (answer.fault == HttpFault::kNotReached) return true;
  if (answer.fault != HttpFault::kNone) return false;
  const std::string code = S3CodeOf(answer);
  return answer.status == 429 ||
         (answer.status == 503 &&
          std::find(kBusyCodes.begin(), kBusyCodes.end(), code) != kBusyCodes.end());
}

Status S3Error(std::string_view operation, const HttpAnswer& answer) {
  if (answer.fault == HttpFault::kCallEnded) return answer.call_status;
  const KnownCode known = Classify(answer, S3CodeOf(answer));
  std::string cause = Describe(operation, answer, known.advice);
  switch (known.kind) {
    case Kind::kFull:
      return Status(Reason::kObjectStoreUnavailable,
                    "the object store is full; try again when the operator has made room")
          .WithCause(std::move(cause))
          .WithRetryAfter(kRetryAfterFull);
    case Kind::kRefused:
      return Status(Reason::kObjectStoreUnavailable,
                    "the object store refuses the service; try again when the operator has set it "
                    "right")
          .WithCause(std::move(cause))
          .WithRetryAfter(kRetryAfterRefusal);
    case Kind::kAnswered:
      return Status(Reason::kObjectStoreUnavailable,
                    "the object store does not take the request; the operator's log says why")
          .WithCause(std::move(cause))
          .WithRetryAfter(kRetryAfterRefusal);
    case Kind::kPasses:
      break;
  }
  return Status(Reason::kObjectStoreUnavailable, "the object store cannot be used now; try again")
      .WithCause(std::move(cause))
      .WithRetryAfter(kRetryAfterFailure);
}

Status S3SetupError(std::string_view operation, const HttpAnswer& answer) {
  const KnownCode known = Classify(answer, S3CodeOf(answer));
  if (answer.fault == HttpFault::kCallEnded || known.kind != Kind::kRefused) {
    return S3Error(operation, answer);
  }
  return ConfigurationError("the object store refuses the service: " +
                            Describe(operation, answer, known.advice));
}

Status S3Nonsense(std::string_view operation, const HttpAnswer& answer) {
  return Status(Reason::kObjectStoreUnavailable, "the object store cannot be used now; try again")
      .WithCause(Describe(operation, answer,
                          "the answer is not S3's: check that MINIO_ENDPOINT names the store's S3 "
                          "port, not its console or a proxy"))
      .WithRetryAfter(kRetryAfterFailure);
}

}  // namespace satchel
