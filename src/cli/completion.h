/// Shell completion, made from the program's own commands and options, so that it cannot drift.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace satchel::cli {

/// What completion knows of one option.
struct CompletionOption {
  std::vector<std::string> names;  ///< with their dashes
  std::string description;
  bool takes_value = false;
  bool takes_file = false;
};

/// What completion knows of one command, the program itself included.
struct CompletionCommand {
  std::vector<std::string> path;  ///< names below the program: empty, {"put"}, {"quota", "get"}
  std::string description;
  std::vector<CompletionOption> options;
  std::vector<std::string> words;  ///< subcommands, or the values of the first positional
  bool takes_file = false;         ///< as a positional
};

/// `app` and all commands below it, depth first. Commands without a description are left out.
std::vector<CompletionCommand> DescribeCommands(const CLI::App& app);

// Scripts for the shells. Precondition: `commands` comes from DescribeCommands().
std::string BashCompletion(const std::string& program,
                           const std::vector<CompletionCommand>& commands);
std::string ZshCompletion(const std::string& program,
                          const std::vector<CompletionCommand>& commands);
std::string FishCompletion(const std::string& program,
                           const std::vector<CompletionCommand>& commands);

}  // namespace satchel::cli
