/// What is wrong with a command line, in the words that were typed. All functions are pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace CLI {  // NOLINT(readability-identifier-naming): not ours
class App;
}

namespace satchel {

/// The one of `known` that `typed` is most likely meant to be; empty: none is near.
std::string NearestOf(std::string_view typed, const std::vector<std::string>& known);

/// "satchel quota get": how `command` is typed.
std::string FullName(const CLI::App& command);

/// The command that was chosen, or the program itself. After parsing, also when that failed.
const CLI::App& ChosenCommand(const CLI::App& program);

/// The names of the commands right below `command`, in their order.
std::vector<std::string> CommandsOf(const CLI::App& command);

/// "unknown command nosuch; did you mean …?"
std::string DescribeUnknownCommand(const CLI::App& command, const std::string& typed);

/// A line for each argument that `command` could not take: unknown flags and commands with the
/// known one that is nearest, and arguments too many. After parsing, also when that failed.
std::vector<std::string> DescribeExtras(const CLI::App& command);

}  // namespace satchel
