#include "adapters/s3/sigv4.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <span>

#include "base/sha256.h"
#include "base/text.h"

namespace satchel {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

std::span<const std::byte> BytesOf(std::string_view text) { return std::as_bytes(std::span(text)); }

/// 32 raw bytes; empty when OpenSSL fails, which makes a signature that no store accepts.
std::string HmacSha256(std::string_view key, std::string_view message) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest = {};
  unsigned length = 0;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(message.data()), message.size(), digest.data(),
           &length) == nullptr) {
    return {};
  }
  return {reinterpret_cast<const char*>(digest.data()), length};
}

/// Trimmed, with each run of spaces as one.
std::string CanonicalValue(std::string_view value) {
  std::string canonical;
  for (const char c : TrimAscii(value)) {
    if (c == ' ' && canonical.ends_with(' ')) continue;
    canonical.push_back(c);
  }
  return canonical;
}

std::string SignedHeaders(const S3Headers& headers) {
  std::string names;
  for (const auto& [name, value] : headers) {
    if (!names.empty()) names.push_back(';');
    names.append(name);
  }
  return names;
}

/// "20130524/us-east-1/s3/aws4_request".
std::string ScopeText(const SigningScope& scope) {
  std::string text = FormatAmzDate(scope.time).substr(0, 8);
  text.append("/").append(scope.region).append("/").append(scope.service).append("/aws4_request");
  return text;
}

}  // namespace

std::string FormatAmzDate(std::chrono::sys_seconds time) {
  std::string text;
  for (const char c : FormatTimestamp(Timestamp(time)).substr(0, 19)) {
    if (c != '-' && c != ':') text.push_back(c);
  }
  return text + "Z";
}

std::string EncodePath(std::string_view path) {
  std::string encoded;
  while (true) {
    const std::size_t slash = path.find('/');
    encoded.append(PercentEncode(path.substr(0, slash)));
    if (slash == std::string_view::npos) return encoded;
    encoded.push_back('/');
    path.remove_prefix(slash + 1);
  }
}

std::string EncodeQuery(const S3Query& query) {
  S3Query encoded;
  encoded.reserve(query.size());
  for (const auto& [name, value] : query) {
    encoded.emplace_back(PercentEncode(name), PercentEncode(value));
  }
  std::sort(encoded.begin(), encoded.end());
  std::string text;
  for (const auto& [name, value] : encoded) {
    if (!text.empty()) text.push_back('&');
    text.append(name).append("=").append(value);
  }
  return text;
}

std::string HexSha256(std::string_view text) {
  Sha256 hash;
  hash.Update(BytesOf(text));
  return hash.Finish().value();
}

std::string CanonicalRequest(const SignableRequest& request) {
  std::string text = request.method;
  text.append("\n").append(EncodePath(request.path));
  text.append("\n").append(EncodeQuery(request.query)).append("\n");
  for (const auto& [name, value] : request.headers) {
    text.append(name).append(":").append(CanonicalValue(value)).append("\n");
  }
  text.append("\n").append(SignedHeaders(request.headers));
  text.append("\n").append(request.payload_hash);
  return text;
}

std::string StringToSign(const SigningScope& scope, std::string_view canonical_request) {
  std::string text(kAlgorithm);
  text.append("\n").append(FormatAmzDate(scope.time));
  text.append("\n").append(ScopeText(scope));
  text.append("\n").append(HexSha256(canonical_request));
  return text;
}

std::string Signature(const SigningScope& scope, std::string_view string_to_sign) {
  const std::string day = FormatAmzDate(scope.time).substr(0, 8);
  std::string key = HmacSha256("AWS4" + scope.credentials->secret_key.Reveal(), day);
  key = HmacSha256(key, scope.region);
  key = HmacSha256(key, scope.service);
  key = HmacSha256(key, "aws4_request");
  return HexEncode(BytesOf(HmacSha256(key, string_to_sign)));
}

std::string AuthorizationHeader(const SigningScope& scope, const SignableRequest& request) {
  std::string text(kAlgorithm);
  text.append(" Credential=").append(scope.credentials->access_key.Reveal()).append("/");
  text.append(ScopeText(scope));
  text.append(", SignedHeaders=").append(SignedHeaders(request.headers));
  text.append(", Signature=");
  text.append(Signature(scope, StringToSign(scope, CanonicalRequest(request))));
  return text;
}

std::string PresignedQuery(const SigningScope& scope, SignableRequest request,
                           std::chrono::seconds life) {
  request.payload_hash = kUnsignedPayload;
  request.query.emplace_back("X-Amz-Algorithm", kAlgorithm);
  request.query.emplace_back("X-Amz-Credential",
                             scope.credentials->access_key.Reveal() + "/" + ScopeText(scope));
  request.query.emplace_back("X-Amz-Date", FormatAmzDate(scope.time));
  request.query.emplace_back("X-Amz-Expires", std::to_string(life.count()));
  request.query.emplace_back("X-Amz-SignedHeaders", SignedHeaders(request.headers));
  const std::string signature = Signature(scope, StringToSign(scope, CanonicalRequest(request)));
  return EncodeQuery(request.query) + "&X-Amz-Signature=" + signature;
}

}  // namespace satchel
