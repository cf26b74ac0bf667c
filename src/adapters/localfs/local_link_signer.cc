#include "adapters/localfs/local_link_signer.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <charconv>
#include <optional>
#include <span>

#include "base/text.h"

namespace satchel {
namespace {

constexpr std::string_view kPathStart = "/d/";
constexpr std::string_view kExpires = "?expires=";
constexpr std::string_view kSignature = "&signature=";
constexpr std::size_t kSignatureDigits = 64;

std::string WithoutTrailingSlashes(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

std::optional<std::int64_t> ParseSeconds(std::string_view digits) {
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return seconds;
}

/// What a target that carries our signature says.
struct LinkParts {
  DocumentId document;
  std::int64_t expires = 0;  ///< unix seconds
};

std::optional<LinkParts> Parse(std::string_view signed_target) {
  if (!signed_target.starts_with(kPathStart)) return std::nullopt;
  const std::size_t query = signed_target.find(kExpires);
  if (query == std::string_view::npos) return std::nullopt;
  const std::string_view path = signed_target.substr(0, query).substr(kPathStart.size());
  const std::optional<std::string> document = PercentDecode(path.substr(0, path.find('/')));
  const auto expires = ParseSeconds(signed_target.substr(query + kExpires.size()));
  if (!document || !expires) return std::nullopt;
  return LinkParts{DocumentId(*document), *expires};
}

}  // namespace

LocalLinkSigner::LocalLinkSigner(std::string public_url, Secret key, const Clock& clock)
    : public_url_(WithoutTrailingSlashes(std::move(public_url))),
      key_(std::move(key)),
      clock_(clock) {}

std::string LocalLinkSigner::Signature(std::string_view signed_target) const {
  const std::string message = "GET\n" + std::string(signed_target);
  const std::string& key = key_.Reveal();
  std::array<std::byte, EVP_MAX_MD_SIZE> digest = {};
  unsigned length = 0;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(message.data()), message.size(),
           reinterpret_cast<unsigned char*>(digest.data()), &length) == nullptr) {
    return {};
  }
  return HexEncode(std::span(digest).first(length));
}

Result<SignedLink> LocalLinkSigner::Sign(const CallContext& call, const Document& document,
                                         std::chrono::minutes life) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  // Rounded up: the link carries whole seconds and lives no shorter than was asked for.
  const auto expires = std::chrono::ceil<std::chrono::seconds>(clock_.WallNow() + life);
  std::string target(kPathStart);
  target.append(PercentEncode(document.id.value())).append("/");
  target.append(PercentEncode(document.filename));
  target.append(kExpires).append(std::to_string(expires.time_since_epoch().count()));
  const std::string signature = Signature(target);
  if (signature.size() != kSignatureDigits) return InternalError("HMAC-SHA256 failed");
  target.append(kSignature).append(signature);
  return SignedLink{public_url_ + target, expires};
}

LinkVerdict LocalLinkSigner::Verify(std::string_view raw_target) const {
  if (raw_target.size() < kSignature.size() + kSignatureDigits) return {};
  const std::string_view given = raw_target.substr(raw_target.size() - kSignatureDigits);
  raw_target.remove_suffix(kSignatureDigits);
  if (!raw_target.ends_with(kSignature)) return {};
  raw_target.remove_suffix(kSignature.size());

  const std::string expected = Signature(raw_target);
  if (expected.size() != kSignatureDigits) return {};
  if (CRYPTO_memcmp(given.data(), expected.data(), kSignatureDigits) != 0) return {};
  // From here on it is text that we made.
  std::optional<LinkParts> parts = Parse(raw_target);
  if (!parts) return {};
  const std::chrono::sys_seconds expires{std::chrono::seconds(parts->expires)};
  if (clock_.WallNow() >= expires) return {LinkVerdict::Kind::kExpired, {}};
  return {LinkVerdict::Kind::kValid, std::move(parts->document)};
}

}  // namespace satchel
