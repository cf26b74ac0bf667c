/// What gRPC itself logs.
#pragma once

namespace satchel::cli {

/// From now on gRPC's own log lines are dropped, since what they tell is in the errors of calls and
/// of the start as well; but for those that come before gRPC aborts the process. GRPC_VERBOSITY in
/// the environment keeps them all.
void QuietGrpcLog();

}  // namespace satchel::cli
