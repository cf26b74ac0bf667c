#include "app/migrate_command.h"

#include <sys/stat.h>

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "adapters/localfs/storage_folder.h"
#include "adapters/sql/mysql_database.h"
#include "adapters/sql/sqlite_store.h"
#include "app/backend.h"
#include "app/command_support.h"
#include "app/metadata_backend.h"
#include "base/clock.h"

namespace satchel {
namespace {

using UseMigrator = std::function<Status(Migrator& migrator, const CallContext& call)>;

using Missing = Backend::Missing;

/// The embedded database belongs to the storage folder, so the folder is locked first: a running
/// server refuses the command with its pid.
Status WithSqliteMigrator(const Config& config, Missing missing, const UseMigrator& use) {
  umask(S_IRWXG | S_IRWXO);
  const SystemClock clock;
  SATCHEL_ASSIGN_OR_RETURN(const std::unique_ptr<StorageFolder> folder,
                           Backend::OpenFolder(config, missing));
  SATCHEL_ASSIGN_OR_RETURN(const std::unique_ptr<Migrator> migrator,
                           OpenSqliteMigrator({.path = config.database.path,
                                               .read_connections = 1,
                                               .clock = &clock,
                                               .create = missing == Missing::kMake}));
  return use(*migrator, CallContext("migrate"));
}

/// A database that several replicas use, running or not: the migrator's own lock sees to it that
/// one of them migrates.
Status WithMysqlMigrator(const Config& config, const UseMigrator& use) {
  const CallContext call("migrate");
  SATCHEL_ASSIGN_OR_RETURN(const std::shared_ptr<MysqlDatabase> database,
                           MysqlDatabase::Make(MysqlOptionsOf(config)));
  SATCHEL_RETURN_IF_ERROR(database->Check(call));
  Migrator migrator(database, MysqlMigrations());
  return use(migrator, call);
}

Status WithMigrator(const Config& config, Missing missing, const UseMigrator& use) {
  return config.database.kind == DatabaseKind::kMysql ? WithMysqlMigrator(config, use)
                                                      : WithSqliteMigrator(config, missing, use);
}

void Run(const ConfigLoader& loader, cli::CliContext& context, Missing missing,
         const UseMigrator& use) {
  const std::optional<LoadedConfig> loaded = LoadForCommand(loader, context);
  if (loaded) EndCommand(WithMigrator(loaded->config, missing, use), context);
}

Status Deploy(Migrator& migrator, const CallContext& call, std::ostream& out) {
  SATCHEL_ASSIGN_OR_RETURN(const std::vector<std::string> applied, migrator.Deploy(call));
  for (const std::string& name : applied) out << "applied " << name << "\n";
  if (applied.empty()) out << "nothing to apply: the schema is current\n";
  return {};
}

void PrintText(const MigrationReport& report, std::ostream& out) {
  out << report.name << "  " << NameOf(report.state) << "\n";
  if (!report.logs.empty()) out << "  " << report.logs << "\n";
}

void PrintJson(const MigrationReport& report, std::ostream& out) {
  const nlohmann::ordered_json line{
      {"name", report.name}, {"state", NameOf(report.state)}, {"logs", report.logs}};
  out << line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
}

Status ShowStates(Migrator& migrator, const CallContext& call, cli::CliEnvironment& environment) {
  SATCHEL_ASSIGN_OR_RETURN(const std::vector<MigrationReport> reports, migrator.ReadStates(call));
  for (const MigrationReport& report : reports) {
    environment.json ? PrintJson(report, environment.out) : PrintText(report, environment.out);
  }
  return migrator.CheckCurrent(call);
}

void RegisterStatus(CLI::App& migrate, ConfigLoader& loader, cli::CliContext& context) {
  CLI::App* status = migrate.add_subcommand(
      "status", "Show which migrations are applied; exits 1 unless the schema is current");
  status->add_flag("--json", context.environment.json, "One JSON object a line: name, state, logs");
  loader.RegisterOptions(*status);
  status->callback([&] {
    Run(loader, context, Missing::kRefuse, [&](Migrator& migrator, const CallContext& call) {
      return ShowStates(migrator, call, context.environment);
    });
  });
}

void RegisterResolve(CLI::App& migrate, ConfigLoader& loader, cli::CliContext& context) {
  struct Arguments {
    std::string applied;
    std::string rolled_back;
  };
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* resolve = migrate.add_subcommand("resolve", "Settle a migration that failed");
  auto* choice = resolve->add_option_group("resolution");
  choice->add_option("--applied", arguments->applied, "It was completed by hand");
  choice->add_option("--rolled-back", arguments->rolled_back,
                     "It was undone by hand: deploy applies it again");
  choice->require_option(1);
  loader.RegisterOptions(*resolve);
  resolve->callback([&loader, &context, arguments] {
    const bool applied = !arguments->applied.empty();
    const std::string& name = applied ? arguments->applied : arguments->rolled_back;
    const auto resolve_it = [&](Migrator& migrator, const CallContext& call) -> Status {
      SATCHEL_RETURN_IF_ERROR(migrator.Resolve(
          call, name, applied ? MigrationResolution::kApplied : MigrationResolution::kRolledBack));
      context.environment.out << "resolved " << name << "\n";
      return {};
    };
    Run(loader, context, Missing::kRefuse, resolve_it);
  });
}

}  // namespace

void RegisterMigrate(CLI::App& app, ConfigLoader& loader, cli::CliContext& context) {
  CLI::App* migrate = app.add_subcommand("migrate", "Bring the database's schema up to date");
  migrate->require_subcommand(1);
  CLI::App* deploy = migrate->add_subcommand("deploy", "Apply the migrations that are pending");
  loader.RegisterOptions(*deploy);
  deploy->callback([&] {
    Run(loader, context, Missing::kMake, [&](Migrator& migrator, const CallContext& call) {
      return Deploy(migrator, call, context.environment.out);
    });
  });
  RegisterStatus(*migrate, loader, context);
  RegisterResolve(*migrate, loader, context);
}

}  // namespace satchel
