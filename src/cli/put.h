#pragma once

#include <string>

#include "cli/environment.h"

namespace satchel::cli {

/// What to store, and as what.
struct PutOptions {
  std::string file;  ///< path, or "-" for standard input
  std::string name;  ///< empty: the file's own name
  std::string category = "general";
  std::string mime_type;  ///< empty: by the name's extension
};

/// Stores a document; prints its id, or the answer with --json. Returns the exit code.
int RunPut(const PutOptions& options, CliEnvironment& environment);

}  // namespace satchel::cli
