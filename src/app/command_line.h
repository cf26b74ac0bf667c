/// The command line as a whole: help, version, and what is wrong with what was typed.
#pragma once

#include <CLI/CLI.hpp>
#include <span>

#include "cli/register_commands.h"

namespace satchel {

/// `satchel help [COMMAND...]`, `--version`. After all other commands.
void RegisterHelp(CLI::App& app, cli::CliContext& context);

/// Parses, which runs the chosen command, and returns the exit code. What was typed wrongly is
/// named, with what was most likely meant.
int ParseAndRun(CLI::App& app, std::span<const char* const> arguments, cli::CliContext& context);

}  // namespace satchel
