#include "base/time.h"

#include <algorithm>
#include <cstdint>

namespace satchel {
namespace {

std::optional<int> ParseDigits(std::string_view text) {
  int value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

/// printf's %0*d, which took a tenth of a page of a listing. `value` has at most `width` digits.
void PutDigits(char* text, std::int64_t value, std::size_t width) {
  for (std::size_t i = width; i-- > 0; value /= 10) text[i] = static_cast<char>('0' + value % 10);
}

void PutDay(char* text, Day day) {
  const std::chrono::year_month_day date(day);
  PutDigits(text, static_cast<int>(date.year()), 4);
  PutDigits(text + 5, static_cast<unsigned>(date.month()), 2);
  PutDigits(text + 8, static_cast<unsigned>(date.day()), 2);
}

/// Four digits are all that a year has in RFC 3339.
Timestamp WithinYears(Timestamp time) {
  using std::chrono::year;
  constexpr Timestamp kFirst = Day(year(0) / 1 / 1);
  constexpr Timestamp kLast =
      Timestamp(Day(year(9999) / 12 / 31)) + std::chrono::days(1) - std::chrono::milliseconds(1);
  return std::clamp(time, kFirst, kLast);
}

}  // namespace

std::string FormatTimestamp(Timestamp time) {
  time = WithinYears(time);
  const Day day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::hh_mm_ss clock(time - day);
  std::string text = "0000-00-00T00:00:00.000Z";
  PutDay(text.data(), day);
  PutDigits(text.data() + 11, clock.hours().count(), 2);
  PutDigits(text.data() + 14, clock.minutes().count(), 2);
  PutDigits(text.data() + 17, clock.seconds().count(), 2);
  PutDigits(text.data() + 20, clock.subseconds().count(), 3);
  return text;
}

std::string FormatDay(Timestamp time) {
  std::string text = "0000-00-00";
  PutDay(text.data(), std::chrono::floor<std::chrono::days>(WithinYears(time)));
  return text;
}

std::optional<Day> ParseDay(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = ParseDigits(text.substr(0, 4));
  const auto month = ParseDigits(text.substr(5, 2));
  const auto day = ParseDigits(text.substr(8, 2));
  if (!year || !month || !day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return Day(date);
}

}  // namespace satchel
