#include "app/command_support.h"

#include <sstream>
#include <string>
#include <utility>

#include "app/config_print.h"
#include "base/text.h"
#include "cli/error_printer.h"

namespace satchel {
namespace {

/// What the loader finds wrong: one line each.
cli::CommandError OperatorsError(const Status& status) {
  std::istringstream lines(status.message());
  cli::CommandError error = cli::LocalError("");
  std::getline(lines, error.message);
  for (std::string line; std::getline(lines, line);) {
    error.notes.emplace_back(TrimAscii(line));
  }
  if (status.Is(Reason::kInvalidField)) error.exit_code = cli::kExitUsage;
  return error;
}

}  // namespace

std::optional<LoadedConfig> LoadForCommand(const ConfigLoader& loader, cli::CliContext& context) {
  Result<LoadedConfig> loaded = loader.Load();
  if (loaded.ok() && loader.print_requested()) {
    context.environment.out << PrintConfig(*loaded);
    context.exit_code = cli::kExitOk;
    return std::nullopt;
  }
  if (loaded.ok()) return *std::move(loaded);
  context.exit_code = cli::ReportError(OperatorsError(loaded.status()), context.environment);
  return std::nullopt;
}

void EndCommand(const Status& status, cli::CliContext& context) {
  context.exit_code = status.ok()
                          ? cli::kExitOk
                          : cli::ReportError(cli::ErrorFromStatus(status), context.environment);
}

}  // namespace satchel
