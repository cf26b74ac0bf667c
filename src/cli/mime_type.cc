#include "cli/mime_type.h"

#include <array>
#include <utility>

#include "base/text.h"

namespace satchel::cli {

std::string MimeTypeOf(std::string_view filename) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kTypes = {{
      {"pdf", "application/pdf"},
      {"doc", "application/msword"},
      {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
      {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
      {"txt", "text/plain"},
  }};
  const std::size_t dot = filename.rfind('.');
  if (dot == std::string_view::npos) return {};
  const std::string extension = ToLowerAscii(filename.substr(dot + 1));
  for (const auto& [known, type] : kTypes) {
    if (extension == known) return std::string(type);
  }
  return {};
}

}  // namespace satchel::cli
