/// The object store that the configuration names, and who signs its links.
#pragma once

#include <functional>
#include <memory>

#include "adapters/localfs/local_link_signer.h"
#include "adapters/localfs/storage_folder.h"
#include "app/config.h"
#include "base/call_context.h"
#include "base/clock.h"
#include "base/status.h"
#include "ports/event_log.h"
#include "ports/link_signer.h"
#include "ports/object_store.h"

namespace satchel {

struct ObjectBackend {
  std::shared_ptr<ObjectStore> store;
  std::unique_ptr<LinkSigner> links;
  /// `links` where our own HTTP port answers them; else null.
  LocalLinkSigner* own_links = nullptr;
  /// Whether the store can be used as it is: reachable, its buckets there or made, versioned.
  /// OBJECT_STORE_UNAVAILABLE: ask again; any other error is the operator's to settle.
  std::function<Status(const CallContext& call)> check;
  /// Behind a network: it may be away, and come back.
  bool remote = false;
};

/// What an object backend uses and does not own; clock and log outlive it.
struct ObjectBackendDependencies {
  const Clock& clock;
  EventLog& log;
  /// Whether links of the local store are out: then its signing key must not be missing.
  std::function<Result<bool>()> had_links;
};

/// One behind a network is not even asked. `folder`, which the local store needs, must outlive what
/// is made. CONFIGURATION_INVALID: the operator has to act.
Result<ObjectBackend> MakeObjectBackend(const Config& config, const StorageFolder* folder,
                                        const ObjectBackendDependencies& given);

}  // namespace satchel
