#include "ports/object_key.h"

#include <array>
#include <cstddef>

namespace satchel {
namespace {

struct Escape {
  std::string_view character;
  std::string_view in_key;
};

/// U+FFFE and U+FFFF.
constexpr std::array kEscapes = {Escape{"\xEF\xBF\xBE", "\\FE"}, Escape{"\xEF\xBF\xBF", "\\FF"}};

/// Whether `part` is one or two of `dot`, with nothing but spaces around them.
bool IsOnlyDots(std::string_view part, char dot) {
  const std::size_t first = part.find_first_not_of(' ');
  if (first == std::string_view::npos) return false;
  const std::string_view core = part.substr(first, part.find_last_not_of(' ') + 1 - first);
  return core.size() <= 2 && core.find_first_not_of(dot) == std::string_view::npos;
}

void Replace(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
    text.replace(at, from.size(), to);
    at += to.size();
  }
}

std::string KeyPart(std::string_view part) {
  std::string key(part);
  if (IsOnlyDots(part, '.')) Replace(key, ".", "\\");
  for (const Escape& escape : kEscapes) Replace(key, escape.character, escape.in_key);
  return key;
}

std::string PathPart(std::string_view part) {
  std::string path(part);
  if (IsOnlyDots(part, '\\')) Replace(path, "\\", ".");
  for (const Escape& escape : kEscapes) Replace(path, escape.in_key, escape.character);
  return path;
}

template <typename Change>
std::string ChangeParts(std::string_view text, const Change& change) {
  std::string changed;
  while (true) {
    const std::size_t slash = text.find('/');
    changed.append(change(text.substr(0, slash)));
    if (slash == std::string_view::npos) return changed;
    changed.push_back('/');
    text.remove_prefix(slash + 1);
  }
}

}  // namespace

std::string DocumentPath(const UserId& user, std::string_view category, std::string_view filename,
                         Timestamp created_at) {
  std::string path = "documents/";
  path.append(user.value()).append("/").append(category).append("/");
  path.append(FormatDay(created_at)).append("/").append(filename);
  return path;
}

std::string KeyOfPath(std::string_view path) { return ChangeParts(path, KeyPart); }

std::string PathOfKey(std::string_view key) {
  std::string path = ChangeParts(key, PathPart);
  return KeyOfPath(path) == key ? path : std::string(key);
}

}  // namespace satchel
