/// Errors on standard error: for people, or with --json as one object a line.
#pragma once

#include <string>

#include "cli/command_error.h"
#include "cli/environment.h"

namespace satchel::cli {

/// "error: CODE REASON: message", and under it, indented, what the error knows more: bad fields
/// with what they got, limits, the document concerned, when to try again.
std::string FormatError(const CommandError& error);

/// {"error": {"code", "reason", "message", "notes", "field_violations", "details", "resource",
/// "retry_after_seconds"}}; what is not known is left out. One line.
std::string FormatErrorJson(const CommandError& error);

/// Prints the error and returns its exit code.
int ReportError(const CommandError& error, CliEnvironment& environment);

}  // namespace satchel::cli
