/// The times that S3 answers with. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "base/time.h"

namespace satchel {

/// "2026-11-23T22:57:00.123Z", with any number of digits behind the dot, or none.
std::optional<Timestamp> ParseIsoDate(std::string_view text);
/// The Date header: "Mon, 23 Nov 2026 22:57:00 GMT" (RFC 9110's preferred form).
std::optional<Timestamp> ParseAnswerDate(std::string_view text);

}  // namespace satchel
