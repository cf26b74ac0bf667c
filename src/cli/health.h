/// The server's own word on its health, by the standard gRPC health check protocol.
#pragma once

#include "cli/environment.h"

namespace satchel::cli {

/// Prints the state, e.g. SERVING. Returns 0 for SERVING, 1 for every other state, 69 when the
/// server is not reached.
int RunHealth(CliEnvironment& environment);

}  // namespace satchel::cli
