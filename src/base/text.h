/// Text as bytes: UTF-8, hexadecimal, percent-encoding. All functions are pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace satchel {

/// A caller's value is echoed at most this long, so that a status stays far below 4 KiB.
inline constexpr std::size_t kEchoedBytesMax = 128;

/// Decodes the code point at `text[*position]` and advances; nullopt when it is not valid UTF-8
/// (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF).
std::optional<char32_t> DecodeUtf8(std::string_view text, std::size_t* position);
bool IsValidUtf8(std::string_view text);

/// At most `bytes_max` bytes of `text`, valid UTF-8 whatever comes in: a code point is never cut,
/// invalid bytes and control characters become U+FFFD.
std::string TruncateUtf8(std::string_view text, std::size_t bytes_max);

/// `text` itself when it is valid UTF-8, else what TruncateUtf8() makes of all of it.
std::string ToValidUtf8(std::string_view text);

std::string ToLowerAscii(std::string_view text);
std::string_view TrimAscii(std::string_view text);

std::string HexEncode(std::span<const std::byte> bytes);
/// nullopt unless `text` is an even number of lower-case hexadecimal digits.
std::optional<std::string> HexDecode(std::string_view text);

/// Percent-encodes all but RFC 3986's unreserved characters (A-Z a-z 0-9 - . _ ~).
std::string PercentEncode(std::string_view text);
/// nullopt when a `%` is not followed by two hexadecimal digits.
std::optional<std::string> PercentDecode(std::string_view text);

/// base64url without padding (RFC 4648 section 5).
std::string Base64UrlEncode(std::string_view bytes);
/// nullopt unless `text` is what Base64UrlEncode would have made.
std::optional<std::string> Base64UrlDecode(std::string_view text);

}  // namespace satchel
