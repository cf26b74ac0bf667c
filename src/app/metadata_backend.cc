#include "app/metadata_backend.h"

#include <utility>

#include "adapters/sql/sqlite_store.h"

namespace satchel {
namespace {

Result<MetadataBackend> OpenSqlite(const Config& config, Migrate migrate, const Clock& clock) {
  const SqliteStoreOptions options{.database = {.path = config.database.path,
                                                .read_connections = config.database_pool_size,
                                                .clock = &clock},
                                   .migrate = migrate == Migrate::kYes};
  MetadataBackend backend;
  SATCHEL_ASSIGN_OR_RETURN(backend.store, OpenSqliteMetadataStore(options));
  backend.check = [](const CallContext&) { return Status(); };
  return backend;
}

}  // namespace

Result<MetadataBackend> MakeMetadataBackend(const Config& config, Migrate migrate,
                                            const Clock& clock) {
  return OpenSqlite(config, migrate, clock);
}

}  // namespace satchel
