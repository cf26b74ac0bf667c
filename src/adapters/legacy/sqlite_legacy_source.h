/// The legacy table in a SQLite file, opened for reading only.
#pragma once

#include <memory>

#include "base/status.h"
#include "ports/legacy_source.h"

namespace satchel {

/// See LegacySourceOpener::Open().
Result<std::unique_ptr<LegacySource>> OpenSqliteLegacySource(const LegacySourceSpec& spec);

}  // namespace satchel
