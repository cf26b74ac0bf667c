/// What the values of configuration keys look like. All functions are pure; nullopt: malformed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace satchel {

/// Decimal digits only, with an optional minus.
std::optional<std::int64_t> ParseInteger(std::string_view text);

/// Bytes: `52428800`, `50MB`, `10MiB`, `1.5 GB`, `512K`; without regard to case. KB, MB, GB, TB are
/// the powers of 2^10, as KiB and so on are. The result is a whole number of bytes.
std::optional<std::int64_t> ParseSize(std::string_view text);
/// The shortest form that ParseSize() takes for exactly these bytes, e.g. "50MiB", "1000".
std::string FormatSize(std::int64_t bytes);

/// true, 1, yes, on, false, 0, no, off; without regard to case.
std::optional<bool> ParseBoolean(std::string_view text);

/// Comma-separated, blanks around each item ignored, lower-cased, repetitions dropped; no item may
/// be empty, a trailing comma is forgiven.
std::optional<std::vector<std::string>> ParseList(std::string_view text);

struct HostAndPort {
  std::string host;         ///< name or address, without the brackets of an IPv6 address
  std::optional<int> port;  ///< 0 to 65535
};

/// `host`, `host:port`, `[v6]`, `[v6]:port`.
std::optional<HostAndPort> ParseHostAndPort(std::string_view text);

/// Whether `text` is a host name or an IP address (IPv6 without brackets).
bool IsHost(std::string_view text);

/// An absolute http or https URL of host, port and path, without user, query and fragment; its
/// trailing slashes are dropped.
std::optional<std::string> ParseHttpUrl(std::string_view text);

/// RFC 6838 `type/subtype`, without parameters.
bool IsMimeType(std::string_view text);

/// S3's rule: 3 to 63 of a-z 0-9 . -, a letter or digit at both ends, no two dots in a row.
bool IsBucketName(std::string_view text);

/// Whether the value of a key that takes "PEM text or a path" is the text: it has a PEM header,
/// maybe behind other lines, or several lines, as no path has.
bool IsPemText(std::string_view value);

/// Edits (insert, remove, replace one character, swap two neighbours) from `a` to `b`.
std::size_t EditDistance(std::string_view a, std::string_view b);

}  // namespace satchel
