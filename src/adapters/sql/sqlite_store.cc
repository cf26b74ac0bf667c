#include "adapters/sql/sqlite_store.h"

#include <utility>

namespace satchel {

Result<std::unique_ptr<SqlMetadataStore>> OpenSqliteMetadataStore(
    const SqliteStoreOptions& options) {
  SATCHEL_ASSIGN_OR_RETURN(std::shared_ptr<SqlDatabase> database,
                           SqliteDatabase::Open(options.database));
  const CallContext call("open-database");
  Migrator migrator(database, SqliteMigrations());
  if (options.migrate) {
    const auto applied = migrator.Deploy(call);
    if (!applied.ok()) return applied.status();
  }
  SATCHEL_RETURN_IF_ERROR(migrator.CheckCurrent(call));
  return std::make_unique<SqlMetadataStore>(std::move(database));
}

Result<std::unique_ptr<Migrator>> OpenSqliteMigrator(const SqliteDatabaseOptions& options) {
  SATCHEL_ASSIGN_OR_RETURN(std::shared_ptr<SqlDatabase> database, SqliteDatabase::Open(options));
  return std::make_unique<Migrator>(std::move(database), SqliteMigrations());
}

}  // namespace satchel
