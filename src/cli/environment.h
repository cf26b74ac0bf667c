/// What every client command is given: where to write, whom to ask.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <ostream>
#include <string>

namespace satchel::cli {

/// As given on the command line; what is absent comes from the environment or a default.
struct ConnectionOptions {
  std::optional<std::string> server = {};            ///< SATCHEL_SERVER, or localhost:50051
  std::optional<std::string> user = {};              ///< SATCHEL_USER
  bool tls = false;                                  ///< or SATCHEL_TLS
  std::optional<std::string> ca_file = {};           ///< PEM; SATCHEL_CA, or the system's roots
  std::optional<std::string> certificate_file = {};  ///< PEM; SATCHEL_CERT
  std::optional<std::string> key_file = {};          ///< PEM; SATCHEL_KEY
  /// How long to wait for an answer or, in a transfer, for the next byte. Seconds.
  int timeout_seconds = 60;
};

/// Streams, terminal and connection of one run of the program. Not thread-safe.
struct CliEnvironment {
  std::ostream& out;
  std::ostream& err;
  int out_descriptor = 1;  ///< what `out` writes to; documents go there directly
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  int columns = 80;  ///< width of the terminal behind `err`
  bool json = false;
  ConnectionOptions connection = {};
  /// Waits before a retry.
  std::function<void(std::chrono::milliseconds)> pause = {};
};

/// The process's own streams and terminal.
CliEnvironment ProcessEnvironment();

}  // namespace satchel::cli
