/// The legacy table in whichever database it is.
#pragma once

#include <memory>

#include "ports/legacy_source.h"

namespace satchel {

/// Thread-safe.
class LegacySources final : public LegacySourceOpener {
 public:
  Result<std::unique_ptr<LegacySource>> Open(const CallContext& call,
                                             const LegacySourceSpec& spec) override;
};

}  // namespace satchel
