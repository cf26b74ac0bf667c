/// Which versions in the object store no row of the database knows.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/call_context.h"
#include "base/status.h"
#include "ports/metadata_store.h"
#include "ports/object_store.h"

namespace satchel {

/// Whether `object` was written by a document service: its key is a document's object key, or, in
/// a store that does not keep keys, its version is an attempt id. Everything else is foreign.
bool IsDocumentVersion(const ObjectRef& object);

/// Those of `versions` that are ours, and that no row refers to by version, key or attempt. The
/// versions must have been listed before this is called: rows come into being before their bytes.
Result<std::vector<StoredVersion>> FilterUnreferenced(const CallContext& call,
                                                      MetadataStore& metadata,
                                                      const std::vector<StoredVersion>& versions);

/// Lists the whole store, one page in memory, and hands `visit` each unreferenced version. Returns
/// how many versions there are at all. Ends with the first call or
/// visit that fails.
Result<std::int64_t> VisitUnreferenced(const CallContext& call, MetadataStore& metadata,
                                       ObjectStore& objects,
                                       const std::function<Status(const StoredVersion&)>& visit);

}  // namespace satchel
