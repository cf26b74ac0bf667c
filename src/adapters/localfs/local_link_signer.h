/// Links to documents of the embedded store, signed with HMAC-SHA256.
///
///     {PUBLIC_URL}/d/{document id}/{file name}?expires={unix seconds}&signature={64 hex digits}
///
/// The signature covers "GET\n" and every byte of the request target before "&signature=", so that
/// a link has one form only: whatever is changed in it, added or left out makes it bad. A path in
/// PUBLIC_URL is not covered: a proxy that serves under a path takes that path off.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/strong_string.h"
#include "ports/link_signer.h"
#include "ports/link_verifier.h"

namespace satchel {

/// Thread-safe.
class LocalLinkSigner final : public LinkSigner, public LinkVerifier {
 public:
  /// `key`: from LoadLinkKey(). `clock` must outlive the signer; its wall clock decides expiry.
  LocalLinkSigner(std::string public_url, Secret key, const Clock& clock);

  /// For a port that is known only once it is bound; before the first Sign().
  void set_public_url(std::string public_url) { public_url_ = std::move(public_url); }

  /// The name in the link is for readers of the link only: the document id decides what is sent.
  Result<SignedLink> Sign(const CallContext& call, const Document& document,
                          std::chrono::minutes life) override;
  LinkVerdict Verify(std::string_view raw_target) const override;

 private:
  /// 64 lower-case hexadecimal digits.
  std::string Signature(std::string_view signed_target) const;

  std::string public_url_;
  const Secret key_;
  const Clock& clock_;
};

}  // namespace satchel
