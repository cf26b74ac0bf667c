#include "observability/json_line.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "base/text.h"
#include "observability/redaction.h"

namespace satchel {
namespace {

constexpr std::size_t kUsualLineBytes = 512;
constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";
constexpr std::string_view kCutMark = "...";

bool IsPlainAscii(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x7F && c != '"' && c != '\\';
}

/// What could break the line, move a terminal's cursor or reorder what is read.
bool NeedsEscape(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x2028 || c == 0x2029 || c == 0x061C ||
         c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) ||
         (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

void AppendEscape(std::string& out, char32_t c) {
  switch (c) {
    case '\n':
      out.append("\\n");
      return;
    case '\r':
      out.append("\\r");
      return;
    case '\t':
      out.append("\\t");
      return;
    default:
      char text[8];
      std::snprintf(text, sizeof(text), "\\u%04x", static_cast<unsigned>(c));
      out.append(text);
  }
}

void AppendEscaped(std::string& out, std::string_view value) {
  for (std::size_t position = 0; position < value.size();) {
    const std::size_t start = position;
    while (position < value.size() && IsPlainAscii(value[position])) ++position;
    out.append(value, start, position - start);
    if (position == value.size()) return;

    const std::size_t special = position;
    const std::optional<char32_t> code_point = DecodeUtf8(value, &position);
    if (!code_point) {
      position = special + 1;
      out.append(kReplacementCharacter);
    } else if (*code_point == '"' || *code_point == '\\') {
      out.push_back('\\');
      out.push_back(static_cast<char>(*code_point));
    } else if (NeedsEscape(*code_point)) {
      AppendEscape(out, *code_point);
    } else {
      out.append(value, special, position - special);
    }
  }
}

/// The longest beginning of at most `bytes_max` bytes that ends with a whole character.
std::string_view Cut(std::string_view value, std::size_t bytes_max) {
  if (value.size() <= bytes_max) return value;
  std::size_t end = bytes_max;
  const auto is_continuation = [&](std::size_t i) {
    return (static_cast<unsigned char>(value[i]) & 0xC0) == 0x80;
  };
  for (int steps = 0; steps < 3 && end > 0 && is_continuation(end); ++steps) --end;
  return value.substr(0, end);
}

}  // namespace

JsonLine::JsonLine() {
  text_.reserve(kUsualLineBytes);
  text_.push_back('{');
}

void JsonLine::BeginMember(std::string_view key) {
  if (text_.size() > 1) text_.push_back(',');
  text_.push_back('"');
  AppendEscaped(text_, key);
  text_.append("\":");
}

void JsonLine::AddText(std::string_view key, std::string_view value, std::size_t bytes_max) {
  BeginMember(key);
  text_.push_back('"');
  std::string redacted;
  if (MayNeedRedaction(value)) {
    redacted = Redact(value);
    value = redacted;
  }
  const std::string_view shown = Cut(value, bytes_max);
  AppendEscaped(text_, shown);
  if (shown.size() < value.size()) text_.append(kCutMark);
  text_.push_back('"');
}

void JsonLine::AddInteger(std::string_view key, std::int64_t value) {
  BeginMember(key);
  text_.append(std::to_string(value));
}

void JsonLine::AddMilliseconds(std::string_view key, std::chrono::nanoseconds value) {
  BeginMember(key);
  const std::int64_t microseconds =
      std::max<std::int64_t>(0, std::chrono::floor<std::chrono::microseconds>(value).count());
  char text[32];
  const int length =
      std::snprintf(text, sizeof(text), "%lld.%03lld", static_cast<long long>(microseconds / 1000),
                    static_cast<long long>(microseconds % 1000));
  text_.append(text, static_cast<std::size_t>(length));
}

std::string JsonLine::Finish() {
  text_.push_back('}');
  return std::move(text_);
}

}  // namespace satchel
