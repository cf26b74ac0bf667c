#pragma once

#include <sstream>
#include <string>

#include "cli/environment.h"

namespace satchel::cli {

/// Streams that a test reads; no terminal unless the test says so; retries do not wait.
struct TestEnvironment {
  std::ostringstream out;
  std::ostringstream err;
  CliEnvironment environment{.out = out, .err = err};

  TestEnvironment() {
    environment.pause = [](std::chrono::milliseconds) {};
  }
};

}  // namespace satchel::cli
