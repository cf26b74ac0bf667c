#include "app/metadata_backend.h"

#include <utility>

#include "adapters/sql/migrator.h"
#include "adapters/sql/mysql_database.h"
#include "adapters/sql/sql_metadata_store.h"
#include "adapters/sql/sqlite_store.h"

namespace satchel {
namespace {

using namespace std::chrono_literals;

/// What a server on the network gets to answer a short question at the start.
constexpr std::chrono::milliseconds kQuestionTimeMax = 5s;

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

/// A migration takes as long as it takes; what only asks does not.
Status CheckMysql(const CallContext& call, MysqlDatabase& database, Migrator& migrator,
                  Migrate migrate, const Clock& clock) {
  {
    const CallContext question(call, clock.SteadyNow() + kQuestionTimeMax);
    SATCHEL_RETURN_IF_ERROR(database.Check(question));
  }
  if (migrate == Migrate::kYes) SATCHEL_RETURN_IF_ERROR(migrator.Deploy(call).status());
  const CallContext question(call, clock.SteadyNow() + kQuestionTimeMax);
  SATCHEL_RETURN_IF_ERROR(migrator.CheckCurrent(question));
  return database.CheckRights(question);
}

Result<MetadataBackend> MakeMysql(const Config& config, Migrate migrate, const Clock& clock) {
  SATCHEL_ASSIGN_OR_RETURN(const std::shared_ptr<MysqlDatabase> database,
                           MysqlDatabase::Make(MysqlOptionsOf(config)));
  const auto migrator = std::make_shared<Migrator>(database, MysqlMigrations());
  MetadataBackend backend;
  backend.store = std::make_unique<SqlMetadataStore>(database);
  backend.check = [database, migrator, migrate, &clock](const CallContext& call) {
    return CheckMysql(call, *database, *migrator, migrate, clock);
  };
  backend.remote = true;
  return backend;
}

}  // namespace

MysqlOptions MysqlOptionsOf(const Config& config) {
  return {.host = config.database.host,
          .port = config.database.port,
          .user = config.database.user,
          .password = config.database.password,
          .database = config.database.database,
          .ca = config.database_ca,
          .connections_max = config.database_pool_size};
}

Result<MetadataBackend> MakeMetadataBackend(const Config& config, Migrate migrate,
                                            const Clock& clock) {
  return config.database.kind == DatabaseKind::kMysql ? MakeMysql(config, migrate, clock)
                                                      : OpenSqlite(config, migrate, clock);
}

}  // namespace satchel
