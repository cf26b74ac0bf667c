#include "app/usage.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <utility>

#include "app/config_values.h"
#include "base/limits.h"
#include "base/text.h"

namespace satchel {
namespace {

constexpr std::size_t kSuggestionDistanceMax = 3;
/// What other programs call a command, and what it is called here.
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kSynonyms = {{
    {"upload", "put"},
    {"download", "get"},
    {"list", "ls"},
    {"delete", "rm"},
    {"remove", "rm"},
    {"link", "url"},
}};

std::vector<std::string> FlagsOf(const CLI::App& command) {
  std::vector<std::string> flags;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
  }
  return flags;
}

std::string Suggestion(const std::string& nearest) {
  return nearest.empty() ? "" : "; did you mean " + nearest + "?";
}

std::string DescribeFlag(const CLI::App& command, const std::string& flag) {
  const CLI::App& chosen = ChosenCommand(command);
  const std::vector<std::string> flags = FlagsOf(chosen);
  const bool elsewhere =
      &chosen != &command && std::find(flags.begin(), flags.end(), flag) != flags.end();
  std::string text = "unknown flag " + TruncateUtf8(flag, kEchoedBytesMax);
  if (elsewhere) return text + "; it belongs behind " + FullName(chosen);
  return text + Suggestion(NearestOf(flag, FlagsOf(command)));
}

}  // namespace

std::string NearestOf(std::string_view typed, const std::vector<std::string>& known) {
  std::string nearest;
  std::size_t best = kSuggestionDistanceMax + 1;
  for (const std::string& name : known) {
    const std::size_t distance = EditDistance(typed, name);
    // What is short is near to everything.
    if (distance >= best || distance * 2 > typed.size()) continue;
    best = distance;
    nearest = name;
  }
  return nearest;
}

std::string FullName(const CLI::App& command) {
  const CLI::App* const parent = command.get_parent();
  return parent == nullptr ? command.get_name() : FullName(*parent) + " " + command.get_name();
}

std::vector<std::string> CommandsOf(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* child : command.get_subcommands([](const CLI::App* app) {
         return !app->get_group().empty() && !app->get_name().empty();
       })) {
    names.push_back(child->get_name());
  }
  return names;
}

std::string DescribeUnknownCommand(const CLI::App& command, const std::string& typed) {
  const std::vector<std::string> known = CommandsOf(command);
  std::string meant = NearestOf(typed, known);
  for (const auto& [other, own] : kSynonyms) {
    const bool is_known = std::find(known.begin(), known.end(), own) != known.end();
    if (other == typed && is_known) meant = own;
  }
  return "unknown command " + TruncateUtf8(typed, kEchoedBytesMax) + Suggestion(meant);
}

const CLI::App& ChosenCommand(const CLI::App& program) {
  const std::vector<CLI::App*> chosen = program.get_subcommands();
  return chosen.empty() ? program : ChosenCommand(*chosen.back());
}

std::vector<std::string> DescribeExtras(const CLI::App& command) {
  std::vector<std::string> problems;
  bool wants_command = !CommandsOf(command).empty() && command.get_subcommands().empty();
  bool after_unknown_flag = false;
  bool flags_ended = false;
  for (const std::string& argument : command.remaining()) {
    // CLI11 hands on the mark behind which nothing is a flag.
    if (argument == "--" && !std::exchange(flags_ended, true)) continue;
    const bool is_flag = argument.starts_with("-") && argument != "-" && !flags_ended;
    // What stands behind an unknown flag is most likely its value.
    if (!is_flag && std::exchange(after_unknown_flag, false)) continue;
    after_unknown_flag = is_flag && argument.find('=') == std::string::npos;
    if (is_flag) {
      problems.push_back(DescribeFlag(command, argument.substr(0, argument.find('='))));
    } else if (std::exchange(wants_command, false)) {
      problems.push_back(DescribeUnknownCommand(command, argument));
      // What follows belongs to that command.
      break;
    } else {
      problems.push_back("unexpected argument " + TruncateUtf8(argument, kEchoedBytesMax));
    }
  }
  return problems;
}

}  // namespace satchel
