#include "cli/text_format.h"

#include <array>
#include <clocale>
#include <cstdio>
#include <cwchar>
#include <optional>

#include "base/text.h"

namespace satchel::cli {
namespace {

bool ObeyedByTerminals(char32_t code_point) {
  return code_point < 0x20 || (code_point >= 0x7F && code_point <= 0x9F) || code_point == 0x061C ||
         (code_point >= 0x200E && code_point <= 0x200F) ||
         (code_point >= 0x2028 && code_point <= 0x202E) ||
         (code_point >= 0x2066 && code_point <= 0x2069);
}

std::string Escaped(char32_t code_point) {
  if (code_point == U'\n') return "\\n";
  if (code_point == U'\t') return "\\t";
  if (code_point == U'\r') return "\\r";
  std::array<char, 16> text{};
  const char* const format = code_point <= 0xFF ? "\\x%02x" : "\\u%04x";
  const int length =
      std::snprintf(text.data(), text.size(), format, static_cast<unsigned>(code_point));
  return std::string(text.data(), static_cast<std::size_t>(length));
}

// wcwidth() knows widths by locale; glibc has C.UTF-8 built in, whatever is installed.
class Utf8Locale {
 public:
  Utf8Locale() : locale_(newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
    if (locale_ != nullptr) previous_ = uselocale(locale_);
  }
  ~Utf8Locale() {
    if (locale_ == nullptr) return;
    uselocale(previous_);
    freelocale(locale_);
  }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;

 private:
  locale_t locale_;
  locale_t previous_ = nullptr;
};

std::size_t ColumnsOf(char32_t code_point) {
  const int width = wcwidth(static_cast<wchar_t>(code_point));
  return width < 0 ? 1 : static_cast<std::size_t>(width);
}

}  // namespace

std::string EscapeControls(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (std::size_t position = 0; position < text.size();) {
    const std::size_t start = position;
    const std::optional<char32_t> code_point = DecodeUtf8(text, &position);
    if (!code_point) {
      position = start + 1;
      escaped += Escaped(static_cast<unsigned char>(text[start]));
    } else if (ObeyedByTerminals(*code_point)) {
      escaped += Escaped(*code_point);
    } else {
      escaped += text.substr(start, position - start);
    }
  }
  return escaped;
}

std::size_t DisplayWidth(std::string_view text) {
  const Utf8Locale locale;
  std::size_t columns = 0;
  for (std::size_t position = 0; position < text.size();) {
    const std::size_t start = position;
    const std::optional<char32_t> code_point = DecodeUtf8(text, &position);
    if (!code_point) position = start + 1;
    columns += code_point ? ColumnsOf(*code_point) : 1;
  }
  return columns;
}

std::string FitColumns(std::string_view text, std::size_t columns) {
  if (DisplayWidth(text) <= columns) return std::string(text);
  if (columns == 0) return {};
  const Utf8Locale locale;
  std::size_t used = 1;  // the ellipsis
  std::size_t position = 0;
  while (position < text.size()) {
    const std::size_t start = position;
    const std::optional<char32_t> code_point = DecodeUtf8(text, &position);
    if (!code_point) position = start + 1;
    used += code_point ? ColumnsOf(*code_point) : 1;
    if (used > columns) {
      position = start;
      break;
    }
  }
  return std::string(text.substr(0, position)) + "\u2026";
}

std::string FormatBytes(std::int64_t bytes) {
  constexpr std::array<std::string_view, 6> kUnits = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) return std::to_string(bytes) + " B";
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  // 1023.95 would print as 1024.0.
  while (value >= 1023.95 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  std::array<char, 32> text{};
  const int length = std::snprintf(text.data(), text.size(), "%.1f ", value);
  return std::string(text.data(), static_cast<std::size_t>(length)) + std::string(kUnits[unit]);
}

std::string FormatDuration(std::chrono::seconds duration) {
  const auto hours = std::chrono::floor<std::chrono::hours>(duration);
  const auto minutes = std::chrono::floor<std::chrono::minutes>(duration - hours);
  const auto seconds = duration - hours - minutes;
  std::array<char, 48> text{};
  const int length = hours.count() > 0
                         ? std::snprintf(text.data(), text.size(), "%lld:%02lld:%02lld",
                                         static_cast<long long>(hours.count()),
                                         static_cast<long long>(minutes.count()),
                                         static_cast<long long>(seconds.count()))
                         : std::snprintf(text.data(), text.size(), "%lld:%02lld",
                                         static_cast<long long>(minutes.count()),
                                         static_cast<long long>(seconds.count()));
  return std::string(text.data(), static_cast<std::size_t>(length));
}

std::string FormatCount(std::int64_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

}  // namespace satchel::cli
