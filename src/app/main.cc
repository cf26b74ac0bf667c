/// The program: server, migration tool and command-line client in one.
#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>

#include "app/admin_commands.h"
#include "app/command_line.h"
#include "app/config_loader.h"
#include "app/import_command.h"
#include "app/migrate_command.h"
#include "app/serve_command.h"
#include "app/standard_streams.h"
#include "cli/exit_codes.h"
#include "cli/register_commands.h"

namespace satchel {
namespace {

int Run(int argc, char** argv) {
  CLI::App app("Satchel keeps the documents of teachers and students.", "satchel");
  app.require_subcommand(1);
  app.footer(std::string(cli::kExitCodesHelp));
  ConfigLoader loader(satchel::ProcessEnvironment());
  cli::CliContext context;

  CLI::App* serve = app.add_subcommand("serve", "Run the server until SIGTERM or Ctrl-C");
  loader.RegisterOptions(*serve);
  serve->callback([&] { context.exit_code = RunServe(loader); });
  RegisterMigrate(app, loader, context);
  RegisterAdminCommands(app, loader, context);
  RegisterImport(app, loader, context);
  cli::RegisterClientCommands(app, context);
  RegisterHelp(app, context);
  return ParseAndRun(app, {argv, static_cast<std::size_t>(argc)}, context);
}

}  // namespace
}  // namespace satchel

int main(int argc, char** argv) {
  satchel::OccupyStandardStreams();
  try {
    return satchel::Run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "satchel: " << error.what() << "\n";
    return satchel::cli::kExitFailed;
  }
}
