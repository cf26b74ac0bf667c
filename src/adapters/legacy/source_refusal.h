/// What a source database refuses until an operator acts: the same kind of error and the same
/// advice, whatever the database. `words` are its own.
#pragma once

#include <string_view>

#include "base/status.h"
#include "ports/legacy_source.h"

namespace satchel {

/// It does not let this user in, or not with this password.
Status RefuseLogin(const LegacyAddress& address, std::string_view words);
/// The user lacks the right to read the table.
Status RefuseRight(const LegacySourceSpec& spec, std::string_view words);
/// There is no database of this name.
Status RefuseDatabase(const LegacyAddress& address, std::string_view words);
/// It does not prove to be the server that the address means.
Status RefuseServer(const LegacyAddress& address, std::string_view words);

}  // namespace satchel
