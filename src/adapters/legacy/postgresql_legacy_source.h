/// The legacy table in PostgreSQL, read in one read-only transaction.
#pragma once

#include <memory>

#include "base/status.h"
#include "ports/legacy_source.h"

namespace satchel {

/// See LegacySourceOpener::Open().
Result<std::unique_ptr<LegacySource>> OpenPostgresqlLegacySource(const LegacySourceSpec& spec);

}  // namespace satchel
