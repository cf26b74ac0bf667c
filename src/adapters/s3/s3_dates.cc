#include "adapters/s3/s3_dates.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>

namespace satchel {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::optional<int> Digits(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || value < 0) {
    return std::nullopt;
  }
  return value;
}

/// "22:57:00".
std::optional<std::chrono::seconds> ParseClock(std::string_view text) {
  if (text.size() != 8 || text[2] != ':' || text[5] != ':') return std::nullopt;
  const auto hours = Digits(text.substr(0, 2));
  const auto minutes = Digits(text.substr(3, 2));
  const auto seconds = Digits(text.substr(6, 2));
  if (!hours || !minutes || !seconds || *hours > 23 || *minutes > 59 || *seconds > 60) {
    return std::nullopt;
  }
  return std::chrono::hours(*hours) + std::chrono::minutes(*minutes) +
         std::chrono::seconds(*seconds);
}

}  // namespace

std::optional<Timestamp> ParseIsoDate(std::string_view text) {
  constexpr std::size_t kWholeSeconds = 19;
  if (text.size() < kWholeSeconds + 1 || text[10] != 'T' || !text.ends_with('Z')) {
    return std::nullopt;
  }
  const std::optional<Day> day = ParseDay(text.substr(0, 10));
  const auto clock = ParseClock(text.substr(11, 8));
  if (!day || !clock) return std::nullopt;
  std::string_view fraction = text.substr(kWholeSeconds);
  fraction.remove_suffix(1);
  std::chrono::milliseconds milliseconds{0};
  if (!fraction.empty()) {
    if (fraction[0] != '.') return std::nullopt;
    int scale = 100;
    for (const char c : fraction.substr(1)) {
      if (c < '0' || c > '9') return std::nullopt;
      milliseconds += std::chrono::milliseconds((c - '0') * scale);
      scale /= 10;
    }
  }
  return Timestamp(*day) + *clock + milliseconds;
}

std::optional<Timestamp> ParseAnswerDate(std::string_view text) {
  if (text.size() != 29 || !text.ends_with(" GMT")) return std::nullopt;
  const auto day = Digits(text.substr(5, 2));
  const auto month = std::find(kMonths.begin(), kMonths.end(), text.substr(8, 3));
  const auto year = Digits(text.substr(12, 4));
  const auto clock = ParseClock(text.substr(17, 8));
  if (!day || month == kMonths.end() || !year || !clock) return std::nullopt;
  const auto month_number = static_cast<unsigned>(month - kMonths.begin()) + 1;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(month_number),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return Timestamp(Day(date)) + *clock;
}

}  // namespace satchel
