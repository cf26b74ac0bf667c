#include "app/config_print.h"

#include <algorithm>
#include <vector>

#include "app/config_keys.h"
#include "base/text.h"

namespace satchel {
namespace {

constexpr std::size_t kShownBytesMax = 1024;

std::string Escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|') escaped.push_back('\\');
    escaped.push_back(c);
  }
  return escaped;
}

}  // namespace

std::string PrintConfig(const LoadedConfig& loaded) {
  // What was set comes first, in the order of the sources; the long list of defaults last.
  std::vector<std::string> origins;
  for (const ConfigKey& key : ConfigKeys()) {
    const std::string& origin = loaded.origins.at(key.name);
    if (std::find(origins.begin(), origins.end(), origin) == origins.end()) {
      origins.push_back(origin);
    }
  }
  std::stable_partition(origins.begin(), origins.end(),
                        [](const std::string& origin) { return origin != kDefaultOrigin; });
  std::string text;
  for (const std::string& origin : origins) {
    text.append("# ").append(TruncateUtf8(origin, kShownBytesMax)).append("\n");
    for (const ConfigKey& key : ConfigKeys()) {
      if (loaded.origins.at(key.name) != origin) continue;
      text.append(key.name).append("=");
      text.append(TruncateUtf8(key.show(loaded.config), kShownBytesMax)).append("\n");
    }
  }
  return text;
}

std::string ConfigReference() {
  std::string text = "| key | default | takes | |\n|---|---|---|---|\n";
  for (const ConfigKey& key : ConfigKeys()) {
    std::string shown = key.default_text.empty() ? "-" : key.default_text;
    if (!key.default_is_derived && shown != "-") shown = "`" + shown + "`";
    std::string help = key.help;
    if (key.HasFileForm()) help.append(". Or `").append(key.name).append("_FILE`");
    text.append("| `").append(key.name).append("` | ").append(Escaped(shown)).append(" | ");
    text.append(Escaped(key.takes)).append(" | ").append(Escaped(help)).append(" |\n");
  }
  return text;
}

}  // namespace satchel
