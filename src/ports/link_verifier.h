/// Port: tells the links that our own signer made from everything else.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/strong_string.h"

namespace satchel {

struct LinkVerdict {
  enum class Kind : std::uint8_t { kBad, kExpired, kValid };

  Kind kind = Kind::kBad;
  DocumentId document;  ///< set when kValid only
};

/// Thread-safe.
class LinkVerifier {
 public:
  virtual ~LinkVerifier() = default;
  /// `raw_target` is the request target as it came over the wire (path and query, not decoded).
  virtual LinkVerdict Verify(std::string_view raw_target) const = 0;
};

}  // namespace satchel
