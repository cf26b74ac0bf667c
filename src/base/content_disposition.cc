#include "base/content_disposition.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "base/text.h"

namespace satchel {
namespace {

/// As UTF-8 whatever came in, without what separates folders.
std::string CleanName(std::string_view filename) {
  std::string name = TruncateUtf8(filename, std::numeric_limits<std::size_t>::max());
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '/' || c == '\\'; }, '_');
  return name;
}

/// Printable ASCII that needs no escape inside quotes. `%` is left out: some clients decode it.
bool IsPlain(char32_t code_point) {
  return code_point >= 0x20 && code_point < 0x7F && code_point != U'"' && code_point != U'%';
}

std::string AsciiName(std::string_view name) {
  std::string ascii;
  for (std::size_t position = 0; position < name.size();) {
    const std::optional<char32_t> code_point = DecodeUtf8(name, &position);
    if (!code_point) break;
    ascii.push_back(IsPlain(*code_point) ? static_cast<char>(*code_point) : '_');
  }
  return ascii;
}

}  // namespace

std::string AttachmentDisposition(std::string_view filename) {
  const std::string name = CleanName(filename);
  return "attachment; filename=\"" + AsciiName(name) + "\"; filename*=UTF-8''" +
         PercentEncode(name);
}

}  // namespace satchel
