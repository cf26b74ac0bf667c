#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "cli/command_error.h"
#include "cli/environment.h"

namespace satchel::cli {

/// What to fetch, and where to.
struct GetOptions {
  std::string document_id;
  std::string output;  ///< path, "-" for standard output; empty: the document's name, here
  bool force = false;  ///< replace an existing file
};

/// Fetches a document, going on where it was when the connection breaks; prints the path, or the
/// document's info with --json. Returns the exit code.
int RunGet(const GetOptions& options, CliEnvironment& environment);

/// How long to wait before a broken transfer goes on, after `failures` tries in a row that brought
/// nothing new; nullopt: give up. Pure.
std::optional<std::chrono::milliseconds> ResumeDelay(const CommandError& error, int failures);

}  // namespace satchel::cli
