#include "app/object_backend.h"

#include <utility>

#include "adapters/localfs/link_key.h"
#include "adapters/localfs/local_object_store.h"

namespace satchel {
namespace {

Result<ObjectBackend> OpenLocal(const Config& config, const StorageFolder& folder,
                                const ObjectBackendDependencies& given) {
  ObjectBackend backend;
  backend.store = std::make_unique<LocalObjectStore>(folder);
  SATCHEL_ASSIGN_OR_RETURN(const bool had_links, given.had_links());
  SATCHEL_ASSIGN_OR_RETURN(Secret key, LoadLinkKey(folder, had_links));
  auto links = std::make_unique<LocalLinkSigner>(config.public_url, std::move(key), given.clock);
  backend.own_links = links.get();
  backend.links = std::move(links);
  backend.check = [](const CallContext&) { return Status(); };
  return backend;
}

}  // namespace

Result<ObjectBackend> MakeObjectBackend(const Config& config, const StorageFolder* folder,
                                        const ObjectBackendDependencies& given) {
  return OpenLocal(config, *folder, given);
}

}  // namespace satchel
