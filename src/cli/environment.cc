#include "cli/environment.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <iostream>
#include <thread>

namespace satchel::cli {
namespace {

int TerminalColumns() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

}  // namespace

CliEnvironment ProcessEnvironment() {
  CliEnvironment environment{.out = std::cout, .err = std::cerr};
  environment.out_is_terminal = isatty(STDOUT_FILENO) == 1;
  environment.err_is_terminal = isatty(STDERR_FILENO) == 1;
  environment.columns = TerminalColumns();
  environment.pause = [](std::chrono::milliseconds delay) {
    // tidy-allow(sleep): a backoff waits for nothing but time.
    std::this_thread::sleep_for(delay);
  };
  return environment;
}

}  // namespace satchel::cli
