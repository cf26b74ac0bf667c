/// What the administration commands share.
#pragma once

#include <optional>

#include "app/config_loader.h"
#include "cli/register_commands.h"

namespace satchel {

/// The configuration that holds; nullopt when the command ends here, with the exit code set: it was
/// asked only to print the configuration, or the configuration is bad.
std::optional<LoadedConfig> LoadForCommand(const ConfigLoader& loader, cli::CliContext& context);

/// Reports `status` unless it is OK, and sets the exit code.
void EndCommand(const Status& status, cli::CliContext& context);

}  // namespace satchel
