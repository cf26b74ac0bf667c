#pragma once

#include <string>

#include "cli/environment.h"

namespace satchel::cli {

/// Which documents to list; empty: all.
struct ListOptions {
  std::string category;
  std::string date;  ///< UTC day of creation, YYYY-MM-DD
};

/// Lists all pages, newest first: an aligned table on a terminal, elsewhere one line a document
/// with tabs between id, size in bytes, time of creation, category and name; with --json one
/// DocumentSummary a line. Returns the exit code.
int RunList(const ListOptions& options, CliEnvironment& environment);

}  // namespace satchel::cli
