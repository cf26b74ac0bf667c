/// Why a command failed, whether the server said so or this side did.
#pragma once

#include <grpcpp/support/status.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "cli/exit_codes.h"

namespace satchel::cli {

/// One error, decoded.
struct CommandError {
  int exit_code = kExitFailed;
  std::string code = {};    ///< e.g. "NOT_FOUND"; empty: the error was made on this side
  std::string reason = {};  ///< e.g. "DOCUMENT_NOT_FOUND"; empty: not one of Satchel's own errors
  std::string message = {};
  std::vector<std::string> notes = {};  ///< lines that go with the message: what else, what to do
  std::vector<FieldViolation> field_violations = {};
  std::map<std::string, std::string> metadata = {};
  std::string resource = {};  ///< id of the document that the error is about
  std::optional<std::chrono::milliseconds> retry_after = {};
};

/// What a step of a command returns: nothing, or why the command ends.
using MaybeError = std::optional<CommandError>;

/// Something on this machine: a file, a folder, standard output.
CommandError LocalError(std::string message);
/// The same with errno's text behind it: "`doing`: No such file or directory".
CommandError SystemError(std::string_view doing, int error_number);
/// A wrong command line.
CommandError UsageError(std::string message);
/// An error of Satchel's core in this process, as administration without a server meets it.
CommandError ErrorFromStatus(const Status& status);
/// An error of a call, with its google.rpc details; `server` is named when it was not reached.
CommandError ErrorFromCall(const grpc::Status& status, std::string_view server);

/// Of the exit codes of several steps the one that tells most: a definite failure before an
/// unreachable server before a temporary error.
int WorseExitCode(int left, int right);

}  // namespace satchel::cli
