/// What a user stores and may store.
#pragma once

#include <document/document_service.pb.h>

#include <string>

#include "cli/environment.h"

namespace satchel::cli {

/// Prints the user's usage and quota. Returns the exit code.
int RunUsage(CliEnvironment& environment);

/// For people, one fact a line. Pure.
std::string FormatUsage(const document::GetUsageStatsResponse& response);

}  // namespace satchel::cli
