/// Pairs an object store with its database, so that neither ever serves or cleans a foreign one.
#pragma once

#include "base/call_context.h"
#include "base/identifiers.h"
#include "base/status.h"
#include "base/strong_string.h"
#include "ports/metadata_store.h"
#include "ports/object_store.h"

namespace satchel {

/// At the start: the id that both share. A new id is written only where neither side holds a
/// document; an interrupted pairing is finished by the next start, and replicas that start at once
/// agree. CONFIGURATION_INVALID: the two do not belong together. Other errors: ask again later.
Result<StoreId> PairStores(const CallContext& call, MetadataStore& metadata, ObjectStore& objects,
                           IdGenerator& ids);

/// Later: OK while both still have one and the same id, else CONFIGURATION_INVALID.
Status CheckPairing(const CallContext& call, MetadataStore& metadata, ObjectStore& objects);

}  // namespace satchel
