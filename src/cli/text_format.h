/// Text for people. All functions are pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace satchel::cli {

/// `text` as one line that no terminal obeys: control characters (C0, C1, DEL), line separators,
/// bidirectional controls and invalid UTF-8 become `\n`, `\t`, `\x1b`, `\u202e` and the like.
std::string EscapeControls(std::string_view text);

/// Columns that `text` (UTF-8) takes on a terminal.
std::size_t DisplayWidth(std::string_view text);

/// At most `columns` columns of `text`; what is cut is replaced by an ellipsis.
std::string FitColumns(std::string_view text, std::size_t columns);

/// "0 B", "1023 B", "1.0 KiB", "50.0 MiB".
std::string FormatBytes(std::int64_t bytes);

/// "0:07", "12:34", "1:02:03".
std::string FormatDuration(std::chrono::seconds duration);

/// "1 document", "2 documents".
std::string FormatCount(std::int64_t count, std::string_view noun);

}  // namespace satchel::cli
