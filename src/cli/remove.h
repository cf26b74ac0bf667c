#pragma once

#include <string>
#include <vector>

#include "cli/environment.h"

namespace satchel::cli {

/// Which documents to delete.
struct RemoveOptions {
  std::vector<std::string> document_ids;
};

/// Deletes the documents one after the other, going on after an error unless the server cannot be
/// reached. Returns the exit code of the worst.
int RunRemove(const RemoveOptions& options, CliEnvironment& environment);

}  // namespace satchel::cli
