/// AWS Signature Version 4 for S3: pure functions from a request and a time to a signature.
///
/// S3's own rules: the path is percent-encoded once and never normalized, so that keys with "..",
/// "%" or "//" stay what they are.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/s3/s3_options.h"
#include "base/strong_string.h"
#include "base/time.h"

namespace satchel {

/// Name and value, not encoded.
using S3Query = std::vector<std::pair<std::string, std::string>>;
/// By lower-case name.
using S3Headers = std::map<std::string, std::string>;

inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";
inline constexpr std::string_view kStreamingUnsignedTrailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

/// What a signature covers.
struct SignableRequest {
  std::string method;
  std::string path;  ///< begins with a slash, not encoded
  S3Query query;
  S3Headers headers;         ///< all of them are signed; with "host"
  std::string payload_hash;  ///< SHA-256 in hexadecimal digits, or one of the texts above
};

/// Who signs, when and for what.
struct SigningScope {
  const S3Credentials* credentials = nullptr;
  std::string region;
  std::string service = "s3";
  std::chrono::sys_seconds time;
};

/// "20130524T000000Z".
std::string FormatAmzDate(std::chrono::sys_seconds time);
/// Percent-encodes all but unreserved characters and slashes.
std::string EncodePath(std::string_view path);
/// Sorted and encoded as the signature wants it, and as it can be sent.
std::string EncodeQuery(const S3Query& query);
/// SHA-256 of `text` in hexadecimal digits.
std::string HexSha256(std::string_view text);

// The steps, for tests with the published vectors.
std::string CanonicalRequest(const SignableRequest& request);
std::string StringToSign(const SigningScope& scope, std::string_view canonical_request);
std::string Signature(const SigningScope& scope, std::string_view string_to_sign);

/// The Authorization header. The request already has x-amz-date (of the scope's time) and
/// x-amz-content-sha256 among its headers.
std::string AuthorizationHeader(const SigningScope& scope, const SignableRequest& request);

/// The query of a presigned URL: that of `request` with X-Amz-…, the signature last. Signs the
/// request's headers (at least "host"), which whoever follows the URL must send.
std::string PresignedQuery(const SigningScope& scope, SignableRequest request,
                           std::chrono::seconds life);

}  // namespace satchel
