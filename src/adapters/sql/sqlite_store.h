/// The metadata store on its embedded default: one SQLite file.
#pragma once

#include <memory>
#include <string>

#include "adapters/sql/migrator.h"
#include "adapters/sql/sql_metadata_store.h"
#include "adapters/sql/sqlite_database.h"
#include "base/status.h"

namespace satchel {

struct SqliteStoreOptions {
  SqliteDatabaseOptions database;
  /// Apply pending migrations; otherwise they are a CONFIGURATION_INVALID.
  bool migrate = true;
};

/// Opens and checks the file, and its schema. CONFIGURATION_INVALID: the operator has to act.
Result<std::unique_ptr<SqlMetadataStore>> OpenSqliteMetadataStore(
    const SqliteStoreOptions& options);

/// For the administrator's commands: opens the file whatever its schema is.
Result<std::unique_ptr<Migrator>> OpenSqliteMigrator(const SqliteDatabaseOptions& options);

}  // namespace satchel
