#include "cli/grpc_log.h"

#include <grpc/support/log.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace satchel::cli {

void QuietGrpcLog() {
  if (std::getenv("GRPC_VERBOSITY") != nullptr) return;
  gpr_set_log_function([](gpr_log_func_args* line) {
    if (!std::string_view(line->message).starts_with("assertion failed")) return;
    std::fprintf(stderr, "gRPC: %s:%d: %s\n", line->file, line->line, line->message);
  });
}

}  // namespace satchel::cli
