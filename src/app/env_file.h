/// Files of KEY=VALUE lines, as --env-file takes them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace satchel {

struct EnvFileEntry {
  std::string key;
  std::string value;
  int line = 0;  ///< where it begins, from 1
};

struct EnvFileContent {
  std::vector<EnvFileEntry> entries;  ///< in the file's order; of one key the last one counts
  std::vector<std::string> problems;  ///< "line 3: …"; never holds a value
};

/// Reads `text`: `KEY=VALUE` or `export KEY=VALUE` a line, blank lines and lines that begin with #
/// ignored, LF or CRLF, a leading byte order mark ignored.
///
/// A value is unquoted (up to the end of the line or ` #`, blanks around it dropped), 'single
/// quoted' (as it stands) or "double quoted" (\n \r \t \" \\ \$ are escapes); a quoted value may go
/// over several lines. Nothing is expanded: `$` is an ordinary character.
EnvFileContent ParseEnvFile(std::string_view text);

/// The text of the file at `path`. CONFIGURATION_INVALID: missing, unreadable, not a file, or
/// larger than `bytes_max`.
Result<std::string> ReadTextFile(const std::string& path, std::size_t bytes_max);
/// The same with `name` in place of the path in messages, where the path may be a secret by
/// mistake.
Result<std::string> ReadTextFile(const std::string& path, std::size_t bytes_max,
                                 std::string_view name);

}  // namespace satchel
