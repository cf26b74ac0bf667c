/// Page tokens: a cursor bound to its query by a hash. Opaque to callers, no key needed.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "ports/metadata_store.h"

namespace satchel {

/// `query` gives user, category and day; its cursor and page size do not count.
std::string EncodePageToken(const ListQuery& query, const ListCursor& cursor);
/// PAGE_TOKEN_INVALID: damaged, or of another query.
Result<ListCursor> DecodePageToken(const ListQuery& query, std::string_view token);

}  // namespace satchel
