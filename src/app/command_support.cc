#include "app/command_support.h"

#include <utility>

#include "app/config_checks.h"
#include "app/config_print.h"
#include "cli/error_printer.h"

namespace satchel {

std::optional<LoadedConfig> LoadForCommand(const ConfigLoader& loader, cli::CliContext& context) {
  Result<LoadedConfig> loaded = loader.Load();
  if (loaded.ok() && loader.print_requested()) {
    context.environment.out << PrintConfig(*loaded);
    context.exit_code = cli::kExitOk;
    return std::nullopt;
  }
  const Status status = loaded.ok() ? CheckBuilt(loaded->config) : loaded.status();
  if (status.ok()) return *std::move(loaded);
  EndCommand(status, context);
  return std::nullopt;
}

void EndCommand(const Status& status, cli::CliContext& context) {
  context.exit_code = status.ok()
                          ? cli::kExitOk
                          : cli::ReportError(cli::ErrorFromStatus(status), context.environment);
}

}  // namespace satchel
