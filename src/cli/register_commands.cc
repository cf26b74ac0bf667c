#include "cli/register_commands.h"

#include <google/protobuf/stubs/common.h>
#include <grpcpp/grpcpp.h>

#include <charconv>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "base/version.h"
#include "cli/completion.h"
#include "cli/error_printer.h"
#include "cli/exit_codes.h"
#include "cli/get.h"
#include "cli/health.h"
#include "cli/list.h"
#include "cli/put.h"
#include "cli/remove.h"
#include "cli/url.h"
#include "cli/usage.h"

namespace satchel::cli {
namespace {

constexpr const char* kConnectionGroup = "Connection";
constexpr int kTimeoutSecondsMax = 24 * 60 * 60;

// What stands after the command wins over what stands before it: CLI11 reads the program's own
// options first, and both write the same place.
void AddConnectionOptions(CLI::App& app, CliContext& context, bool with_user) {
  ConnectionOptions& connection = context.environment.connection;
  app.add_option("--server", connection.server,
                 "Server to ask (SATCHEL_SERVER, else localhost:50051)")
      ->type_name("HOST:PORT")
      ->group(kConnectionGroup);
  if (with_user) {
    app.add_option("--user", connection.user, "Whose documents (SATCHEL_USER)")
        ->type_name("USER")
        ->group(kConnectionGroup);
  }
  app.add_flag("--tls", connection.tls,
               "Connect over TLS, trusting the system's authorities (SATCHEL_TLS)")
      ->group(kConnectionGroup);
  app.add_option("--ca", connection.ca_file, "Trust this authority instead; PEM (SATCHEL_CA)")
      ->type_name("FILE")
      ->group(kConnectionGroup);
  app.add_option("--cert", connection.certificate_file, "Client certificate; PEM (SATCHEL_CERT)")
      ->type_name("FILE")
      ->group(kConnectionGroup);
  app.add_option("--key", connection.key_file, "Key of the client certificate; PEM (SATCHEL_KEY)")
      ->type_name("FILE")
      ->group(kConnectionGroup);
  app.add_option("--timeout", connection.timeout_seconds,
                 "Give up when nothing came from the server for so long (60)")
      ->type_name("SECONDS")
      ->check(CLI::Range(1, kTimeoutSecondsMax))
      ->group(kConnectionGroup);
  AddJsonOption(app, context);
}

CLI::App* AddCommand(CLI::App& app, const char* name, const char* description) {
  CLI::App* const command = app.add_subcommand(name, description);
  command->footer(std::string(kExitCodesHelp));
  return command;
}

void OnChosen(CLI::App* command, CliContext& context, std::function<int()> run) {
  command->callback([&context, run = std::move(run)] { context.exit_code = run(); });
}

void RegisterPut(CLI::App& app, CliContext& context) {
  const auto options = std::make_shared<PutOptions>();
  CLI::App* const command = AddCommand(app, "put", "Store a document; prints its id");
  command->add_option("FILE", options->file, "What to store; - is standard input")
      ->required()
      ->type_name("");
  command->add_option("--name", options->name, "Its name here (the file's own)")->type_name("NAME");
  command->add_option("--category", options->category, "Its category (general)")
      ->type_name("CATEGORY");
  command->add_option("--mime", options->mime_type, "Its MIME type (by the name's extension)")
      ->type_name("TYPE");
  AddConnectionOptions(*command, context, true);
  OnChosen(command, context, [options, &context] { return RunPut(*options, context.environment); });
}

void RegisterGet(CLI::App& app, CliContext& context) {
  const auto options = std::make_shared<GetOptions>();
  CLI::App* const command =
      AddCommand(app, "get", "Fetch a document; goes on where a broken transfer ended");
  command->add_option("ID", options->document_id, "Which document")->required()->type_name("");
  command
      ->add_option("-o,--output", options->output,
                   "Where to; - is standard output (the document's own name, here)")
      ->type_name("FILE");
  command->add_flag("--force", options->force, "Replace an existing file");
  AddConnectionOptions(*command, context, true);
  OnChosen(command, context, [options, &context] { return RunGet(*options, context.environment); });
}

void RegisterList(CLI::App& app, CliContext& context) {
  const auto options = std::make_shared<ListOptions>();
  CLI::App* const command = AddCommand(app, "ls", "List the documents, newest first");
  command->add_option("--category", options->category, "Only this category")->type_name("CATEGORY");
  command->add_option("--date", options->date, "Only those stored on this UTC day")
      ->type_name("YYYY-MM-DD");
  AddConnectionOptions(*command, context, true);
  OnChosen(command, context,
           [options, &context] { return RunList(*options, context.environment); });
}

void RegisterRemove(CLI::App& app, CliContext& context) {
  const auto options = std::make_shared<RemoveOptions>();
  CLI::App* const command = AddCommand(app, "rm", "Delete documents");
  command->add_option("ID", options->document_ids, "Which documents")->required()->type_name("");
  AddConnectionOptions(*command, context, true);
  OnChosen(command, context,
           [options, &context] { return RunRemove(*options, context.environment); });
}

// CLI11's own message does not say what is wrong.
std::string CheckWholeNumber(const std::string& text) {
  int number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc() && rest == end) return "";
  return "got \"" + text + "\", takes a whole number";
}

void RegisterUrl(CLI::App& app, CliContext& context) {
  const auto options = std::make_shared<UrlOptions>();
  CLI::App* const command =
      AddCommand(app, "url", "Make a link with which anyone can fetch a document");
  command->add_option("ID", options->document_id, "Which document")->required()->type_name("");
  command->add_option("--minutes", options->minutes, "Life of the link (the server's default)")
      ->type_name("N")
      ->check(CheckWholeNumber);
  AddConnectionOptions(*command, context, true);
  OnChosen(command, context, [options, &context] { return RunUrl(*options, context.environment); });
}

void RegisterUsage(CLI::App& app, CliContext& context) {
  CLI::App* const command = AddCommand(app, "usage", "Show what is stored and what may be");
  AddConnectionOptions(*command, context, true);
  OnChosen(command, context, [&context] { return RunUsage(context.environment); });
}

void RegisterHealth(CLI::App& app, CliContext& context) {
  CLI::App* const command = AddCommand(app, "health", "Ask the server whether it is serving");
  AddConnectionOptions(*command, context, false);
  OnChosen(command, context, [&context] { return RunHealth(context.environment); });
}

void RegisterVersion(CLI::App& app, CliContext& context) {
  CLI::App* const command = app.add_subcommand("version", "Show the program's version");
  AddJsonOption(*command, context);
  OnChosen(command, context, [&context] {
    if (context.environment.json) {
      const nlohmann::json version = {
          {"version", kVersion},
          {"grpc", grpc::Version()},
          {"protobuf", google::protobuf::internal::VersionString(GOOGLE_PROTOBUF_VERSION)}};
      context.environment.out << version.dump() << '\n';
    } else {
      context.environment.out << "satchel " << kVersion << '\n';
    }
    return kExitOk;
  });
}

void RegisterCompletion(CLI::App& app, CliContext& context) {
  const auto shell = std::make_shared<std::string>();
  CLI::App* const command =
      app.add_subcommand("completion", "Print a completion script for a shell");
  command->add_option("SHELL", *shell, "Which shell")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->footer(
      "bash: source <(satchel completion bash)\n"
      "zsh:  source <(satchel completion zsh)\n"
      "fish: satchel completion fish | source");
  OnChosen(command, context, [shell, &app, &context] {
    const auto commands = DescribeCommands(app);
    const std::string program = "satchel";
    context.environment.out << (*shell == "bash"  ? BashCompletion(program, commands)
                                : *shell == "zsh" ? ZshCompletion(program, commands)
                                                  : FishCompletion(program, commands));
    return kExitOk;
  });
}

}  // namespace

void AddJsonOption(CLI::App& command, CliContext& context) {
  command.add_flag("--json", context.environment.json,
                   "Print the API's messages, lists one object a line; errors too, as "
                   "{\"error\": ...} on standard error");
}

void RegisterClientCommands(CLI::App& app, CliContext& context) {
  AddConnectionOptions(app, context, true);
  RegisterPut(app, context);
  RegisterGet(app, context);
  RegisterList(app, context);
  RegisterRemove(app, context);
  RegisterUrl(app, context);
  RegisterUsage(app, context);
  RegisterHealth(app, context);
  RegisterVersion(app, context);
  RegisterCompletion(app, context);
}

int FinishOutput(CliContext& context) {
  context.environment.out.flush();
  if (context.environment.out) return context.exit_code;
  return ReportError(LocalError("cannot write standard output"), context.environment);
}

}  // namespace satchel::cli
