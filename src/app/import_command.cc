#include "app/import_command.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

#include "app/admin_commands.h"
#include "app/command_support.h"
#include "base/text.h"
#include "cli/admin_client.h"
#include "cli/error_printer.h"
#include "cli/exit_codes.h"
#include "cli/import_printer.h"
#include "core/legacy_import/source_url.h"

namespace satchel {
namespace {

constexpr int kJobsDefault = 8;
constexpr int kJobsMax = 64;
constexpr const char* kFromKey = "SATCHEL_IMPORT_FROM";
constexpr const char* kPasswordKey = "SATCHEL_IMPORT_PASSWORD";
constexpr const char* kPasswordFileKey = "SATCHEL_IMPORT_PASSWORD_FILE";

constexpr const char* kFooter =
    "Each row becomes one document of its teacher: category rag_context, named by `source`, "
    "created\n"
    "at `timestamp`. Rows that were imported before are left alone, so that a run that was "
    "stopped,\n"
    "however hard, is simply started again. The source is only read.\n"
    "\n"
    "URL is that of SQLAlchemy: postgresql://user@host:port/database, "
    "mysql://user@host:port/database\n"
    "or sqlite:///path; ?ssl_ca=FILE demands TLS with a server certificate of that authority. The\n"
    "password comes from SATCHEL_IMPORT_PASSWORD or the file in SATCHEL_IMPORT_PASSWORD_FILE.\n"
    "\n"
    "Exits 1 when a row is refused, was changed since its import or, with --verify, is not equal:\n"
    "each is named with the reason.";

/// Arguments of the command; live as long as the app that fills them.
struct ImportArguments {
  std::string from;
  std::string table = "rag_context";
  std::vector<std::string> map;
  std::string source_name;
  int jobs = kJobsDefault;
  bool plan = false;
  bool verify = false;
  bool rollback = false;
};

Status UsageProblem(const std::string& option, const std::string& problem) {
  return Status(Reason::kInvalidField, option + ": " + problem);
}

std::string Variable(const char* name) {
  // The command runs before any thread is started.
  const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
  return value == nullptr ? "" : value;
}

/// From the environment, or from the file that it names; one trailing newline is dropped.
Result<Secret> ReadPassword() {
  const std::string path = Variable(kPasswordFileKey);
  if (path.empty()) return Secret(Variable(kPasswordKey));
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return UsageProblem(kPasswordFileKey, "cannot read the file " + path);
  std::string password = text.str();
  if (password.ends_with('\n')) password.pop_back();
  return Secret(password);
}

ImportTableRequest::Mode ModeOf(const ImportArguments& arguments) {
  if (arguments.plan) return ImportTableRequest::MODE_PLAN;
  if (arguments.verify) return ImportTableRequest::MODE_VERIFY;
  if (arguments.rollback) return ImportTableRequest::MODE_ROLLBACK;
  return ImportTableRequest::MODE_IMPORT;
}

ImportTableRequest::Database KindOf(LegacyDatabase kind) {
  switch (kind) {
    case LegacyDatabase::kPostgresql:
      return ImportTableRequest::DATABASE_POSTGRESQL;
    case LegacyDatabase::kMysql:
      return ImportTableRequest::DATABASE_MYSQL;
    case LegacyDatabase::kSqlite:
      return ImportTableRequest::DATABASE_SQLITE;
  }
  return ImportTableRequest::DATABASE_UNSPECIFIED;
}

/// A running server has another working directory.
Result<std::string> Absolute(const std::string& path) {
  if (path.empty()) return path;
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  if (error) return UsageProblem("--from", "there is no working directory: " + error.message());
  return absolute.string();
}

Status SetAddress(const LegacyAddress& address, const Secret& password,
                  ImportTableRequest::Address& message) {
  SATCHEL_ASSIGN_OR_RETURN(const std::string path, Absolute(address.path));
  SATCHEL_ASSIGN_OR_RETURN(const std::string ca_file, Absolute(address.ca_file));
  message.set_database_kind(KindOf(address.kind));
  message.set_path(path);
  message.set_host(address.host);
  message.set_port(address.port);
  message.set_user(address.user);
  message.set_password(password.Reveal());
  message.set_database(address.database);
  message.set_ca_file(ca_file);
  return {};
}

/// `legacy=actual` pairs of --map.
Status SetColumns(const std::vector<std::string>& map, ImportTableRequest::Columns& message) {
  const LegacyColumns standard;
  std::map<std::string, std::string> names = {{standard.id, standard.id},
                                              {standard.teacher, standard.teacher},
                                              {standard.text, standard.text},
                                              {standard.source, standard.source},
                                              {standard.timestamp, standard.timestamp}};
  for (const std::string& pair : map) {
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const auto name = names.find(pair.substr(0, equals));
    if (equals == pair.size() || name == names.end()) {
      return UsageProblem("--map", "got `" + pair +
                                       "`, takes NAME=COLUMN with NAME one of id, teacherId, "
                                       "context_data, source, timestamp");
    }
    name->second = pair.substr(equals + 1);
    const bool needed = name->first != standard.source && name->first != standard.timestamp;
    if (name->second.empty() && needed) {
      return UsageProblem("--map", name->first + " cannot be left out");
    }
  }
  message.set_id(names[standard.id]);
  message.set_teacher(names[standard.teacher]);
  message.set_text(names[standard.text]);
  message.set_source(names[standard.source]);
  message.set_timestamp(names[standard.timestamp]);
  return {};
}

Result<ImportTableRequest> RequestOf(const ImportArguments& arguments) {
  const std::string url = arguments.from.empty() ? Variable(kFromKey) : arguments.from;
  ImportTableRequest request;
  request.set_mode(ModeOf(arguments));
  request.set_table(arguments.table);
  request.set_jobs(arguments.jobs);
  request.set_source_name(arguments.source_name);
  const bool needs_source = request.mode() != ImportTableRequest::MODE_ROLLBACK;
  if (url.empty()) {
    if (needs_source) {
      return UsageProblem(
          "--from", "is missing; it, or SATCHEL_IMPORT_FROM, takes the URL of the old database");
    }
    if (arguments.source_name.empty()) {
      return UsageProblem("--rollback", "needs --from, or --source-name");
    }
    return request;
  }
  const Result<LegacyAddress> address = ParseSourceUrl(url);
  if (!address.ok()) {
    return UsageProblem("--from", address.status().field_violations().front().message);
  }
  Secret password = address->password;
  if (password.empty()) {
    SATCHEL_ASSIGN_OR_RETURN(password, ReadPassword());
  }
  SATCHEL_RETURN_IF_ERROR(SetAddress(*address, password, *request.mutable_address()));
  SATCHEL_RETURN_IF_ERROR(SetColumns(arguments.map, *request.mutable_columns()));
  if (request.source_name().empty()) {
    request.set_source_name(DefaultSourceName(*address, arguments.table));
    request.set_source_name_is_default(true);
  }
  for (const std::string& text : {request.table(), request.source_name(), request.address().path(),
                                  request.address().password()}) {
    if (!IsValidUtf8(text)) return UsageProblem("import", "every option must be valid UTF-8");
  }
  return request;
}

void WarnOfPassword(const ImportArguments& arguments, cli::CliContext& context) {
  const Result<LegacyAddress> address = ParseSourceUrl(arguments.from);
  if (!address.ok() || address->password.empty() || context.environment.json) return;
  context.environment.err << "warning: --from shows a password to everyone who can list processes; "
                          << kPasswordKey << " and " << kPasswordFileKey << " do not\n";
}

void RunImport(const ConfigLoader& loader, cli::CliContext& context,
               const ImportArguments& arguments) {
  const Result<ImportTableRequest> request = RequestOf(arguments);
  if (!request.ok()) {
    context.exit_code =
        cli::ReportError(cli::UsageError(request.status().message()), context.environment);
    return;
  }
  const std::optional<LoadedConfig> loaded = LoadForCommand(loader, context);
  if (!loaded) return;
  WarnOfPassword(arguments, context);
  cli::ImportPrinter printer(request->mode(), context.environment);
  const auto ask = [&](cli::AdminClient& client) {
    return client.ImportTable(*request,
                              [&](const ImportTableResponse& event) { printer.Print(event); });
  };
  cli::MaybeError error = AskAdministration(loaded->config, ask);
  // Only now: to what asks the server, the code would mean that there is none.
  const bool database_away = error && error->reason == NameOf(Reason::kDatabaseUnavailable);
  if (database_away && error->exit_code == cli::kExitFailed) {
    error->exit_code = cli::kExitUnreachable;
  }
  context.exit_code = error ? cli::ReportError(*error, context.environment) : printer.exit_code();
}

}  // namespace

void RegisterImport(CLI::App& app, ConfigLoader& loader, cli::CliContext& context) {
  CLI::App* import = app.add_subcommand("import", "Take over what other programs have stored");
  import->require_subcommand(1);
  CLI::App* table = import->add_subcommand(
      "rag-context", "Move the rows of the platform's rag_context table into documents");
  const auto arguments = std::make_shared<ImportArguments>();
  table
      ->add_option("--from", arguments->from,
                   std::string("Where the table is; or ").append(kFromKey))
      ->type_name("URL");
  table->add_option("--table", arguments->table, "What the table is called")->capture_default_str();
  table
      ->add_option("--map", arguments->map,
                   "What a column is called here, e.g. teacherId=owner; `source=` and "
                   "`timestamp=`: there is none")
      ->type_name("NAME=COLUMN");
  table->add_option("--source-name", arguments->source_name,
                    "What this source is called in Satchel's book of imports; by default made of "
                    "the kind, the database and the table");
  table->add_option("--jobs", arguments->jobs, "Rows at the same time")
      ->check(CLI::Range(1, kJobsMax))
      ->capture_default_str();
  CLI::Option* plan = table->add_flag("--dry-run", arguments->plan,
                                      "Only say what an import would do, for each teacher");
  CLI::Option* verify = table->add_flag(
      "--verify", arguments->verify, "Compare every row's bytes with its document's, by SHA-256");
  CLI::Option* rollback = table->add_flag("--rollback", arguments->rollback,
                                          "Remove exactly the documents that imports have made");
  plan->excludes(verify)->excludes(rollback);
  verify->excludes(rollback);
  cli::AddJsonOption(*table, context);
  loader.RegisterOptions(*table);
  table->footer(kFooter);
  table->callback([&loader, &context, arguments] { RunImport(loader, context, *arguments); });
}

}  // namespace satchel
