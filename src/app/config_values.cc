#include "app/config_values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

#include "base/text.h"

namespace satchel {
namespace {

constexpr int kPortMax = 65535;
constexpr std::size_t kHostBytesMax = 253;
/// 10^6 * 2^40 fits into 64 bits.
constexpr std::size_t kSizeFractionDigitsMax = 6;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetterOrDigit(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

struct Unit {
  std::string_view letter;
  int shift;
};
constexpr std::array kUnits = {Unit{"t", 40}, Unit{"g", 30}, Unit{"m", 20}, Unit{"k", 10}};

/// The power of two that a unit stands for: "", b, k, kb, kib, …
std::optional<int> UnitShift(std::string_view unit) {
  if (unit.empty() || unit == "b") return 0;
  for (const Unit& known : kUnits) {
    if (unit[0] != known.letter[0]) continue;
    const std::string_view rest = unit.substr(1);
    if (rest.empty() || rest == "b" || rest == "ib") return known.shift;
  }
  return std::nullopt;
}

std::optional<int> ParsePort(std::string_view text) {
  if (text.empty() || text.size() > 5 || !std::all_of(text.begin(), text.end(), IsDigit)) {
    return std::nullopt;
  }
  const std::optional<std::int64_t> port = ParseInteger(text);
  if (!port || *port > kPortMax) return std::nullopt;
  return static_cast<int>(*port);
}

bool IsIpv6(std::string_view text) {
  if (text.find(':') == std::string_view::npos) return false;
  const std::string_view address = text.substr(0, text.find('%'));  // a zone may follow
  return !address.empty() && std::all_of(address.begin(), address.end(), [](char c) {
    return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' || c == '.';
  });
}

bool IsHostName(std::string_view text) {
  return !text.empty() && text.size() <= kHostBytesMax && text.front() != '-' &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return IsLetterOrDigit(c) || c == '-' || c == '.' || c == '_'; });
}

}  // namespace

std::optional<std::int64_t> ParseInteger(std::string_view text) {
  std::int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || rest != end) return std::nullopt;
  return value;
}

std::optional<std::int64_t> ParseSize(std::string_view text) {
  const std::size_t number_end = std::min(text.find_first_not_of("0123456789."), text.size());
  const std::string_view number = text.substr(0, number_end);
  const std::string unit = ToLowerAscii(TrimAscii(text.substr(number_end)));
  const std::optional<int> shift = UnitShift(unit);
  if (!shift) return std::nullopt;

  const std::size_t point = number.find('.');
  const std::optional<std::int64_t> whole = ParseInteger(number.substr(0, point));
  if (!whole || *whole > std::numeric_limits<std::int64_t>::max() >> *shift) return std::nullopt;
  const std::int64_t bytes = *whole << *shift;
  if (point == std::string_view::npos) return bytes;

  const std::string_view digits = number.substr(point + 1);
  if (digits.size() > kSizeFractionDigitsMax) return std::nullopt;
  const std::optional<std::int64_t> fraction = ParseInteger(digits);
  if (!fraction) return std::nullopt;
  std::int64_t scale = 1;
  for (std::size_t i = 0; i < digits.size(); ++i) scale *= 10;
  const std::int64_t product = *fraction << *shift;
  if (product % scale != 0) return std::nullopt;
  const std::int64_t fraction_bytes = product / scale;
  if (bytes > std::numeric_limits<std::int64_t>::max() - fraction_bytes) return std::nullopt;
  return bytes + fraction_bytes;
}

std::string FormatSize(std::int64_t bytes) {
  constexpr std::array<std::pair<int, std::string_view>, 4> kSuffixes = {
      {{40, "TiB"}, {30, "GiB"}, {20, "MiB"}, {10, "KiB"}}};
  for (const auto& [shift, suffix] : kSuffixes) {
    const std::int64_t unit = std::int64_t{1} << shift;
    if (bytes >= unit && bytes % unit == 0) {
      return std::to_string(bytes / unit).append(suffix);
    }
  }
  return std::to_string(bytes);
}

bool IsPemText(std::string_view value) {
  return value.find("-----BEGIN ") != std::string_view::npos ||
         value.find('\n') != std::string_view::npos;
}

std::optional<bool> ParseBoolean(std::string_view text) {
  const std::string lower = ToLowerAscii(text);
  for (const std::string_view yes : {"true", "1", "yes", "on"}) {
    if (lower == yes) return true;
  }
  for (const std::string_view no : {"false", "0", "no", "off"}) {
    if (lower == no) return false;
  }
  return std::nullopt;
}

std::optional<std::vector<std::string>> ParseList(std::string_view text) {
  std::vector<std::string> items;
  text = TrimAscii(text);
  if (text.ends_with(',')) text.remove_suffix(1);
  for (bool more = true; more;) {
    const std::size_t comma = text.find(',');
    more = comma != std::string_view::npos;
    std::string item = ToLowerAscii(TrimAscii(text.substr(0, comma)));
    if (item.empty()) return std::nullopt;
    if (std::find(items.begin(), items.end(), item) == items.end()) items.push_back(item);
    if (more) text.remove_prefix(comma + 1);
  }
  return items;
}

std::optional<HostAndPort> ParseHostAndPort(std::string_view text) {
  HostAndPort result;
  std::string_view rest;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos || !IsIpv6(text.substr(1, end - 1))) return std::nullopt;
    result.host = text.substr(1, end - 1);
    rest = text.substr(end + 1);
  } else {
    const std::size_t colon = std::min(text.find(':'), text.size());
    if (!IsHostName(text.substr(0, colon))) return std::nullopt;
    result.host = text.substr(0, colon);
    rest = text.substr(colon);
  }
  if (rest.empty()) return result;
  if (rest[0] != ':') return std::nullopt;
  result.port = ParsePort(rest.substr(1));
  if (!result.port) return std::nullopt;
  return result;
}

bool IsHost(std::string_view text) { return IsHostName(text) || IsIpv6(text); }

std::optional<std::string> ParseHttpUrl(std::string_view text) {
  const std::string lower = ToLowerAscii(text.substr(0, 8));
  const std::size_t scheme = lower.starts_with("http://")    ? 7
                             : lower.starts_with("https://") ? 8
                                                             : 0;
  if (scheme == 0) return std::nullopt;
  const std::string_view rest = text.substr(scheme);
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  if (!ParseHostAndPort(rest.substr(0, slash))) return std::nullopt;
  const std::string_view path = rest.substr(slash);
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7F || c == '?' || c == '#' || c == '"' || c == '<' || c == '>') {
      return std::nullopt;
    }
  }
  std::string url = lower.substr(0, scheme) + std::string(rest);
  while (url.ends_with('/')) url.pop_back();
  return url;
}

bool IsMimeType(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return false;
  const auto is_name = [](std::string_view name) {
    return !name.empty() && name.size() <= 127 && IsLetterOrDigit(name.front()) &&
           std::all_of(name.begin(), name.end(), [](char c) {
             return IsLetterOrDigit(c) ||
                    std::string_view("!#$&-^_.+").find(c) != std::string_view::npos;
           });
  };
  return is_name(text.substr(0, slash)) && is_name(text.substr(slash + 1));
}

bool IsBucketName(std::string_view text) {
  if (text.size() < 3 || text.size() > 63) return false;
  const auto allowed = [](char c) {
    return IsDigit(c) || (c >= 'a' && c <= 'z') || c == '.' || c == '-';
  };
  return std::all_of(text.begin(), text.end(), allowed) && IsLetterOrDigit(text.front()) &&
         IsLetterOrDigit(text.back()) && text.find("..") == std::string_view::npos;
}

std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        cost[i][j] = i + j;
        continue;
      }
      const std::size_t replaced = cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
      }
    }
  }
  return cost[a.size()][b.size()];
}

}  // namespace satchel
