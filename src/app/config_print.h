/// Shows the configuration and its keys. Secrets are never part of the text.
#pragma once

#include <string>

#include "app/config_loader.h"

namespace satchel {

/// What holds, one KEY=VALUE a line, below a comment line for each origin (LoadedConfig::origins).
/// Secrets are `(set)` or `(not set)`, the password in MICROSERVICE_DATABASE is masked; sizes are
/// bytes.
std::string PrintConfig(const LoadedConfig& loaded);

/// The table of all keys in Markdown, for the documentation.
std::string ConfigReference();

}  // namespace satchel
