#include "transport/http/http_date.h"

#include <time.h>

#include <array>

namespace satchel {
namespace {

// Not strftime's %a and %b, which follow the locale.
constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::size_t kDateBytesMax = 64;

std::string TwoDigits(long number) {
  return {static_cast<char>('0' + number / 10 % 10), static_cast<char>('0' + number % 10)};
}

}  // namespace

std::string FormatHttpDate(std::chrono::sys_seconds time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  const unsigned month = static_cast<unsigned>(date.month());
  std::string text = kDays[std::chrono::weekday(day).c_encoding()];
  text.append(", ").append(TwoDigits(static_cast<unsigned>(date.day()))).append(" ");
  text.append(kMonths[month - 1]).append(" ");
  text.append(std::to_string(static_cast<int>(date.year()))).append(" ");
  text.append(TwoDigits(clock.hours().count())).append(":");
  text.append(TwoDigits(clock.minutes().count())).append(":");
  return text.append(TwoDigits(clock.seconds().count())).append(" GMT");
}

std::optional<std::chrono::sys_seconds> ParseHttpDate(std::string_view text) {
  if (text.size() > kDateBytesMax) return std::nullopt;
  const std::string terminated(text);
  for (const char* format :
       {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"}) {
    tm parts = {};
    const char* end = ::strptime(terminated.c_str(), format, &parts);
    if (end == nullptr || *end != '\0') continue;
    return std::chrono::sys_seconds(std::chrono::seconds(::timegm(&parts)));
  }
  return std::nullopt;
}

}  // namespace satchel
