#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/environment.h"

namespace satchel::cli {

/// Which document to link to, and for how long.
struct UrlOptions {
  std::string document_id;
  std::optional<std::int32_t> minutes;  ///< absent: the server's default
};

/// Prints a link to the document, or the answer with --json. Returns the exit code.
int RunUrl(const UrlOptions& options, CliEnvironment& environment);

}  // namespace satchel::cli
