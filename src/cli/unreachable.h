/// Why a server was not reached, told so that it can be put right.
#pragma once

#include <string>
#include <string_view>

#include "cli/connection.h"

namespace satchel::cli {

/// What to do about `grpc_text`, which is gRPC's, and OpenSSL's in it: they have no code for any of
/// it. The text itself where it says nothing that is known. Pure.
std::string ExplainUnreachable(const ServerAddress& address, std::string_view grpc_text);

}  // namespace satchel::cli
