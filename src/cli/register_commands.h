/// The client commands as subcommands of the program.
#pragma once

#include <CLI/CLI.hpp>

#include "cli/environment.h"

namespace satchel::cli {

/// One run of the program: what the commands are given, and how the chosen one ended.
struct CliContext {
  CliEnvironment environment = ProcessEnvironment();
  int exit_code = 0;
};

/// Adds put, get, ls, rm, url, usage, health, version and completion to `app`, and the connection
/// options both to it and to them, so that these may stand before or after the command. The chosen
/// command runs while `app` parses and sets `context.exit_code`. Both must outlive the parsing.
void RegisterClientCommands(CLI::App& app, CliContext& context);

/// Adds --json to a command of another part, with the effect it has on the client commands.
void AddJsonOption(CLI::App& command, CliContext& context);

/// The exit code once what was printed has reached standard output: 1 with an error when it could
/// not be written.
int FinishOutput(CliContext& context);

}  // namespace satchel::cli
