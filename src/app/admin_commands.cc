#include "app/admin_commands.h"

#include <sys/stat.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "adapters/legacy/legacy_sources.h"
#include "app/backend.h"
#include "app/command_support.h"
#include "app/config_values.h"
#include "app/server.h"
#include "base/version.h"
#include "cli/admin_client.h"
#include "cli/admin_printer.h"
#include "cli/error_printer.h"
#include "cli/exit_codes.h"
#include "core/administration.h"
#include "core/sweeper.h"
#include "observability/json_logger.h"
#include "observability/metrics_registry.h"
#include "transport/grpc/admin_server.h"

namespace satchel {
namespace {

/// What an administration command needs when no server owns the folder: the same server's half.
class OwnAdministration {
 public:
  static Result<std::unique_ptr<OwnAdministration>> Open(const Config& config) {
    umask(S_IRWXG | S_IRWXO);
    auto own = std::make_unique<OwnAdministration>();
    JsonLoggerOptions options;
    options.level = LogLevel::kWarning;
    options.output = StandardErrorSink();
    SATCHEL_ASSIGN_OR_RETURN(own->log_, JsonLogger::Make(options, own->clock_));
    const Migrate migrate = config.migrate_on_start ? Migrate::kYes : Migrate::kNo;
    SATCHEL_ASSIGN_OR_RETURN(own->backend_,
                             Backend::Make(config, Backend::Missing::kRefuse, migrate,
                                           {own->clock_, own->ids_, *own->log_, own->metrics_}));
    SATCHEL_RETURN_IF_ERROR(own->OpenBackend());
    MetadataStore& metadata = own->backend_->metadata();
    ObjectStore& objects = own->backend_->objects();
    // Without a lease: the operator's word does not wait for a replica that sweeps.
    SweeperOptions sweeping;
    sweeping.sole_uploader = own->backend_->sole_user();
    own->sweeper_.emplace(metadata, objects, own->clock_, *own->log_, own->metrics_, sweeping);
    own->administration_.emplace(metadata, objects, *own->sweeper_, *own->log_, own->metrics_,
                                 config.default_user_quota);
    own->uploader_.emplace(metadata, objects, own->clock_, own->ids_, *own->log_,
                           FileTypePolicy(config.allowed_mime_types, config.allowed_extensions),
                           UploadLimitsOf(config));
    own->importer_.emplace(metadata, own->backend_->imports(), objects, *own->uploader_,
                           own->legacy_sources_, ImportLimitsOf(config));
    const auto address = own->backend_->admin_address();
    auto server =
        address ? AdminServer::Start(*address, *own->administration_, *own->importer_, own->ids_)
                : AdminServer::StartWithin(*own->administration_, *own->importer_, own->ids_);
    SATCHEL_ASSIGN_OR_RETURN(own->server_, std::move(server));
    return own;
  }

  std::shared_ptr<grpc::Channel> channel() { return server_->channel(); }

 private:
  /// A store that is away keeps nobody from the rows: who needs its bytes is told so then.
  Status OpenBackend() {
    const Status checked = backend_->Check(CallContext("start"));
    if (checked.ok()) backend_->Open();
    if (!checked.Is(Reason::kObjectStoreUnavailable) || !backend_->rows_open()) return checked;
    backend_->ExplainStore(checked);
    return {};
  }

  SystemClock clock_;
  SecureIdGenerator ids_;
  MetricsRegistry metrics_{kVersion, clock_};
  std::unique_ptr<JsonLogger> log_;
  std::unique_ptr<Backend> backend_;
  std::optional<Sweeper> sweeper_;
  std::optional<Administration> administration_;
  LegacySources legacy_sources_;
  std::optional<Uploader> uploader_;
  std::optional<LegacyImporter> importer_;
  std::unique_ptr<AdminServer> server_;
};

}  // namespace

cli::MaybeError AskAdministration(const Config& config, const AskServer& ask) {
  if (UsesStorageFolder(config)) {
    cli::AdminClient client;
    if (cli::MaybeError error = client.Connect(config.storage_dir)) return error;
    cli::MaybeError answer = ask(client);
    if (!answer || answer->exit_code != cli::kExitUnreachable) return answer;
  }
  const Result<std::unique_ptr<OwnAdministration>> own = OwnAdministration::Open(config);
  if (!own.ok()) return cli::ErrorFromStatus(own.status());
  cli::AdminClient client;
  client.Use((*own)->channel(), "this process");
  return ask(client);
}

namespace {

void Run(const ConfigLoader& loader, cli::CliContext& context, const AskServer& ask) {
  const std::optional<LoadedConfig> loaded = LoadForCommand(loader, context);
  if (!loaded) return;
  context.exit_code = cli::kExitOk;
  if (const cli::MaybeError error = AskAdministration(loaded->config, ask)) {
    context.exit_code = cli::ReportError(*error, context.environment);
  }
}

/// Arguments of the quota commands; live as long as the app that fills them.
struct QuotaArguments {
  std::string user;
  std::string size;
};

CLI::App* AddQuotaCommand(CLI::App& quota, const std::string& name, const std::string& help,
                          ConfigLoader& loader, cli::CliContext& context,
                          QuotaArguments& arguments) {
  CLI::App* command = quota.add_subcommand(name, help);
  command->add_option("USER", arguments.user, "Whose quota")->required();
  cli::AddJsonOption(*command, context);
  loader.RegisterOptions(*command);
  return command;
}

/// Shows the quota as it is after `change`, which may be empty.
void ShowQuota(const ConfigLoader& loader, cli::CliContext& context, const std::string& user,
               const AskServer& change) {
  Run(loader, context, [&](cli::AdminClient& client) -> cli::MaybeError {
    if (change) {
      if (cli::MaybeError error = change(client)) return error;
    }
    GetQuotaResponse quota;
    if (cli::MaybeError error = client.GetQuota(user, &quota)) return error;
    cli::PrintQuota(quota, context.environment);
    return std::nullopt;
  });
}

void RegisterQuota(CLI::App& app, ConfigLoader& loader, cli::CliContext& context) {
  CLI::App* quota = app.add_subcommand("quota", "Show or change a user's quota");
  quota->require_subcommand(1);
  const auto arguments = std::make_shared<QuotaArguments>();
  AddQuotaCommand(*quota, "get", "Show a user's quota beside the usage", loader, context,
                  *arguments)
      ->callback(
          [&loader, &context, arguments] { ShowQuota(loader, context, arguments->user, nullptr); });
  CLI::App* set = AddQuotaCommand(*quota, "set", "Give a user a quota of their own", loader,
                                  context, *arguments);
  set->add_option("SIZE", arguments->size, "Bytes, or 500MB, 2GiB; 0: no uploads")->required();
  set->callback([&loader, &context, arguments] {
    const std::optional<std::int64_t> size = ParseSize(arguments->size);
    if (!size || *size < 0) {
      context.exit_code = cli::ReportError(
          cli::UsageError("SIZE: got `" + arguments->size + "`, takes bytes, or 500MB, 2GiB"),
          context.environment);
      return;
    }
    ShowQuota(loader, context, arguments->user,
              [&](cli::AdminClient& client) { return client.SetQuota(arguments->user, size); });
  });
  AddQuotaCommand(*quota, "clear", "Put a user back to the default quota", loader, context,
                  *arguments)
      ->callback([&loader, &context, arguments] {
        ShowQuota(loader, context, arguments->user, [&](cli::AdminClient& client) {
          return client.SetQuota(arguments->user, std::nullopt);
        });
      });
}

void RegisterFsck(CLI::App& app, ConfigLoader& loader, cli::CliContext& context) {
  CLI::App* fsck = app.add_subcommand(
      "fsck", "Prove that documents, counters and stored bytes agree; exits 1 when they do not");
  const auto repair = std::make_shared<bool>(false);
  fsck->add_flag(
      "--repair", *repair,
      "Recount counters, record missing hashes, remove what is dead, and bytes older than "
      "24 h that no row knows, however many; never touches a damaged document");
  cli::AddJsonOption(*fsck, context);
  loader.RegisterOptions(*fsck);
  fsck->callback([&loader, &context, repair] {
    int exit_code = cli::kExitOk;
    Run(loader, context, [&](cli::AdminClient& client) -> cli::MaybeError {
      cli::FindingsPrinter printer(context.environment);
      cli::MaybeError error = client.CheckConsistency(
          *repair, [&](const CheckConsistencyResponse& event) { printer.Print(event); });
      exit_code = printer.exit_code();
      return error;
    });
    if (context.exit_code == cli::kExitOk && !loader.print_requested()) {
      context.exit_code = exit_code;
    }
  });
}

}  // namespace

void RegisterAdminCommands(CLI::App& app, ConfigLoader& loader, cli::CliContext& context) {
  RegisterQuota(app, loader, context);
  RegisterFsck(app, loader, context);
}

}  // namespace satchel
