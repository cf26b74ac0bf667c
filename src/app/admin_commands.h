/// `satchel quota` and `fsck`: administration of the configured store and database.
///
/// One process owns the storage folder: while a server runs, quota and fsck ask it through its
/// Unix socket; otherwise they open the folder themselves and answer the same way.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "app/config_loader.h"
#include "cli/admin_client.h"
#include "cli/register_commands.h"

namespace satchel {

using AskServer = std::function<cli::MaybeError(cli::AdminClient& client)>;

/// Lets `ask` ask the server that owns the folder, or else this process after opening the folder
/// itself.
cli::MaybeError AskAdministration(const Config& config, const AskServer& ask);

/// Both with their options. Each sets the context's exit code when it runs.
void RegisterAdminCommands(CLI::App& app, ConfigLoader& loader, cli::CliContext& context);

}  // namespace satchel
