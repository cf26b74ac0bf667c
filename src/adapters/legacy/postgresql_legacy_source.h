/// The legacy table in PostgreSQL, read in one read-only transaction.
#pragma once

#include <memory>

#include "base/call_context.h"
#include "base/status.h"
#include "ports/legacy_source.h"

namespace satchel {

/// See LegacySourceOpener::Open().
Result<std::unique_ptr<LegacySource>> OpenPostgresqlLegacySource(const CallContext& call,
                                                                 const LegacySourceSpec& spec);

}  // namespace satchel
