/// `satchel import rag-context`: moves the old platform's rows into documents.
#pragma once

#include <CLI/CLI.hpp>

#include "app/config_loader.h"
#include "cli/register_commands.h"

namespace satchel {

/// Adds `import rag-context`, which asks the server that owns the storage folder or else opens the
/// configured stores itself. The chosen command runs while `app` parses and sets
/// `context.exit_code`. All must outlive the parsing.
void RegisterImport(CLI::App& app, ConfigLoader& loader, cli::CliContext& context);

}  // namespace satchel
