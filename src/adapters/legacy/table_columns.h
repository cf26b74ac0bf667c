/// Whether a table that was found is the one that is meant. All functions are pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "ports/legacy_source.h"

namespace satchel {

enum class ColumnKind : std::uint8_t {
  kInteger,
  kText,
  kTime,
  kAny,    ///< the database lets it hold whatever it is given
  kOther,  ///< nothing of ours
};

struct FoundColumn {
  std::string name;
  std::string type;  ///< as the database calls it, for people
  ColumnKind kind = ColumnKind::kOther;
};

/// The columns under the names that the table has, which may differ in case from those asked for.
/// CONFIGURATION_INVALID: one is missing or of another type; says which, and what there is.
Result<LegacyColumns> ResolveColumns(const std::string& table, const LegacyColumns& wanted,
                                     const std::vector<FoundColumn>& found);

/// `name` as an identifier of SQL between `quote` characters.
std::string QuoteIdentifier(std::string_view name, char quote);

/// CONFIGURATION_INVALID unless `ids` and `distinct_ids`, of the same table, are `rows`: otherwise
/// rows would be passed over.
Status CheckKey(const std::string& table, const std::string& column, std::int64_t rows,
                std::int64_t ids, std::int64_t distinct_ids);

}  // namespace satchel
