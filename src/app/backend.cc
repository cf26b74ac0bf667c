#include "app/backend.h"

#include <utility>

#include "adapters/localfs/link_key.h"
#include "adapters/sql/sqlite_store.h"
#include "cli/admin_client.h"
#include "core/store_pairing.h"

namespace satchel {

Result<std::unique_ptr<StorageFolder>> Backend::OpenFolder(const Config& config, Missing missing) {
  return missing == Missing::kMake ? StorageFolder::Make(config.storage_dir)
                                   : StorageFolder::OpenExisting(config.storage_dir);
}

Result<std::unique_ptr<Backend>> Backend::Open(const Config& config, Missing missing,
                                               Migrate migrate, const Clock& clock,
                                               IdGenerator& ids) {
  SATCHEL_ASSIGN_OR_RETURN(std::unique_ptr<StorageFolder> folder, OpenFolder(config, missing));
  const SqliteStoreOptions options{.database = {.path = config.database.path,
                                                .read_connections = config.database_pool_size,
                                                .clock = &clock},
                                   .migrate = migrate == Migrate::kYes};
  SATCHEL_ASSIGN_OR_RETURN(auto metadata, OpenSqliteMetadataStore(options));

  const CallContext call("start");
  LocalObjectStore objects(*folder);
  SATCHEL_RETURN_IF_ERROR(PairStores(call, *metadata, objects, ids).status());
  SATCHEL_ASSIGN_OR_RETURN(const bool has_documents, metadata->HasDocuments(call));
  SATCHEL_ASSIGN_OR_RETURN(Secret link_key, LoadLinkKey(*folder, has_documents));
  return std::make_unique<Backend>(std::move(folder), std::move(metadata), config.public_url,
                                   std::move(link_key), clock);
}

std::string Backend::admin_address() const {
  return "unix:/proc/self/fd/" + std::to_string(folder_->root()) + "/" + cli::kAdminSocketName;
}

}  // namespace satchel
