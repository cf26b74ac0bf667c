/// Times that are stored or shown: UTC, milliseconds, RFC 3339. All functions are pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace satchel {

using Timestamp = std::chrono::sys_time<std::chrono::milliseconds>;
using Day = std::chrono::sys_days;

/// "2026-11-23T22:57:00.123Z".
std::string FormatTimestamp(Timestamp time);
/// "2026-11-23": the UTC day.
std::string FormatDay(Timestamp time);
/// nullopt unless `text` is an existing day as YYYY-MM-DD.
std::optional<Day> ParseDay(std::string_view text);

}  // namespace satchel
