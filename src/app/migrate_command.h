/// `satchel migrate`: the schema of the configured database, as Prisma Migrate would keep it.
#pragma once

#include <CLI/CLI.hpp>

#include "app/config_loader.h"
#include "cli/register_commands.h"

namespace satchel {

/// `deploy`, `status` and `resolve`. Each sets the context's exit code when it runs.
void RegisterMigrate(CLI::App& app, ConfigLoader& loader, cli::CliContext& context);

}  // namespace satchel
