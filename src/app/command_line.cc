#include "app/command_line.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app/usage.h"
#include "base/version.h"
#include "cli/error_printer.h"
#include "cli/exit_codes.h"

namespace satchel {
namespace {

/// CLI11's own help() of the program shows the command that was parsed.
std::string HelpOf(const CLI::App& command) {
  const CLI::App* const parent = command.get_parent();
  const std::string name = parent == nullptr ? command.get_name() : FullName(command);
  return command.get_formatter()->make_help(&command, name, CLI::AppFormatMode::Normal);
}

cli::CommandError UsageOf(const CLI::App& command, std::vector<std::string> problems) {
  cli::CommandError error = cli::UsageError(problems.front());
  error.notes.assign(std::next(problems.begin()), problems.end());
  error.notes.push_back(FullName(command) + " --help shows the usage");
  return error;
}

/// `words` name a command, level by level.
int ShowHelp(const CLI::App& app, const std::vector<std::string>& words, cli::CliContext& context) {
  const CLI::App* command = &app;
  for (const std::string& word : words) {
    const std::vector<std::string> names = CommandsOf(*command);
    if (std::find(names.begin(), names.end(), word) == names.end()) {
      return cli::ReportError(UsageOf(*command, {DescribeUnknownCommand(*command, word)}),
                              context.environment);
    }
    command = command->get_subcommand(word);
  }
  context.environment.out << HelpOf(*command);
  return cli::kExitOk;
}

bool IsParent(const CLI::App& command) { return !CommandsOf(command).empty(); }

int ReportUsage(const CLI::App& app, const CLI::ParseError& error, cli::CliContext& context) {
  const CLI::App& command = ChosenCommand(app);
  std::vector<std::string> problems = DescribeExtras(app);
  for (const CLI::App* one = &command; one != &app; one = one->get_parent()) {
    for (std::string& problem : DescribeExtras(*one)) problems.push_back(std::move(problem));
  }
  if (problems.empty() && IsParent(command)) {
    if (!context.environment.json) {
      context.environment.err << HelpOf(command);
      return cli::kExitUsage;
    }
    problems.emplace_back("a command is missing");
  }
  if (problems.empty()) problems.emplace_back(error.what());
  return cli::ReportError(UsageOf(command, std::move(problems)), context.environment);
}

}  // namespace

void RegisterHelp(CLI::App& app, cli::CliContext& context) {
  app.set_version_flag("--version", "satchel " + std::string(kVersion),
                       "Show the program's version");
  const auto words = std::make_shared<std::vector<std::string>>();
  CLI::App* const help = app.add_subcommand("help", "Show how a command is used");
  help->add_option("COMMAND", *words, "Which command; none: the program")->type_name("");
  help->callback([&app, &context, words] { context.exit_code = ShowHelp(app, *words, context); });
}

int ParseAndRun(CLI::App& app, std::span<const char* const> arguments, cli::CliContext& context) {
  try {
    app.parse(static_cast<int>(arguments.size()), arguments.data());
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != static_cast<int>(CLI::ExitCodes::Success)) {
      // What is wrong may stand before the flag.
      const auto is_json = [](std::string_view argument) { return argument == "--json"; };
      context.environment.json =
          context.environment.json || std::any_of(arguments.begin(), arguments.end(), is_json);
      return ReportUsage(app, error, context);
    }
    app.exit(error, context.environment.out, context.environment.err);
    context.exit_code = cli::kExitOk;
  }
  return cli::FinishOutput(context);
}

}  // namespace satchel
