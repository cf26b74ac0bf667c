/// `satchel serve`: from the configuration to the last byte written after SIGTERM.
#pragma once

#include "app/config_loader.h"

namespace satchel {

/// Runs the server until SIGTERM or SIGINT; a second signal ends the process at once. Returns the
/// exit code.
int RunServe(const ConfigLoader& loader);

}  // namespace satchel
