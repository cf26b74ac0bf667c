/// Port: links with which anyone can GET one version of a document until they expire.
#pragma once

#include <chrono>
#include <string>

#include "base/call_context.h"
#include "base/status.h"
#include "base/time.h"
#include "ports/document.h"

namespace satchel {

struct SignedLink {
  std::string url;
  Timestamp expires_at;
};

/// Thread-safe.
class LinkSigner {
 public:
  virtual ~LinkSigner() = default;
  /// `life` is kLinkLifeMin to kLinkLifeMax; `document` is COMPLETED.
  virtual Result<SignedLink> Sign(const CallContext& call, const Document& document,
                                  std::chrono::minutes life) = 0;
};

}  // namespace satchel
