/// Dates of HTTP (RFC 9110 section 5.6.7). All functions are pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace satchel {

/// "Sun, 06 Nov 1994 08:49:37 GMT".
std::string FormatHttpDate(std::chrono::sys_seconds time);
/// Takes that form and the two obsolete ones, as recipients must; nullopt for anything else.
std::optional<std::chrono::sys_seconds> ParseHttpDate(std::string_view text);

}  // namespace satchel
