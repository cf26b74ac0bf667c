#include "transport/http/byte_range.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include "base/text.h"

namespace satchel {
namespace {

constexpr std::string_view kUnit = "bytes=";

/// 1*DIGIT; what is too large counts as the largest number. nullopt: something else.
std::optional<std::int64_t> ParsePosition(std::string_view digits) {
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos) {
    return std::nullopt;
  }
  std::int64_t position = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), position);
  if (error == std::errc::result_out_of_range) return std::numeric_limits<std::int64_t>::max();
  return position;
}

ByteRange Part(std::int64_t first, std::int64_t last) {
  return {ByteRange::Kind::kPart, first, last};
}

}  // namespace

ByteRange ParseRange(std::string_view value, std::int64_t size) {
  if (ToLowerAscii(value.substr(0, kUnit.size())) != kUnit) return {};
  const std::string_view range = TrimAscii(value.substr(kUnit.size()));
  const std::size_t dash = range.find('-');
  if (dash == std::string_view::npos) return {};
  const std::string_view first_text = range.substr(0, dash);
  const std::string_view last_text = range.substr(dash + 1);
  const std::optional<std::int64_t> last = ParsePosition(last_text);
  if (!last && !last_text.empty()) return {};

  const ByteRange unsatisfiable{ByteRange::Kind::kUnsatisfiable, 0, 0};
  if (first_text.empty()) {
    if (!last) return {};
    if (*last == 0 || size == 0) return unsatisfiable;
    return Part(size - std::min(*last, size), size - 1);
  }
  const std::optional<std::int64_t> first = ParsePosition(first_text);
  if (!first || (last && *last < *first)) return {};
  if (*first >= size) return unsatisfiable;
  return Part(*first, last ? std::min(*last, size - 1) : size - 1);
}

}  // namespace satchel
