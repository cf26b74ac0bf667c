#include "app/config_suspects.h"

#include <algorithm>
#include <cctype>
#include <vector>

#include "app/config_keys.h"
#include "app/config_values.h"
#include "base/limits.h"
#include "base/text.h"

namespace satchel {
namespace {

constexpr std::size_t kEditsMax = 2;
constexpr std::size_t kLettersForAnEdit = 3;
constexpr std::string_view kFileSuffix = "_FILE";
constexpr std::string_view kOwnPrefix = "SATCHEL_";
/// Kubernetes sets SATCHEL_METRICS_PORT=tcp://… for a service that is called satchel-metrics.
constexpr std::string_view kServiceLink = "tcp://";

std::vector<std::string> KnownNames() {
  std::vector<std::string> names;
  for (const ConfigKey& key : ConfigKeys()) {
    for (const std::string& name : {key.name, key.fallback}) {
      if (name.empty()) continue;
      names.push_back(name);
      if (key.HasFileForm()) names.push_back(name + std::string(kFileSuffix));
    }
  }
  return names;
}

std::vector<std::string_view> WordsOf(std::string_view name) {
  std::vector<std::string_view> words;
  while (true) {
    const std::size_t end = std::min(name.find('_'), name.size());
    words.push_back(name.substr(0, end));
    if (end == name.size()) return words;
    name.remove_prefix(end + 1);
  }
}

/// HTTP_HOST is two edits from HTTP_PORT, and another word all the same.
bool HasOtherWords(std::string_view typed, std::string_view known) {
  const std::vector<std::string_view> left = WordsOf(typed);
  const std::vector<std::string_view> right = WordsOf(known);
  if (left.size() != right.size()) return false;
  for (std::size_t i = 0; i < left.size(); ++i) {
    const std::size_t edits_max = std::max<std::size_t>(1, right[i].size() / kLettersForAnEdit);
    if (EditDistance(left[i], right[i]) > edits_max) return true;
  }
  return false;
}

std::string ToUpperAscii(std::string_view text) {
  std::string upper(text);
  std::transform(upper.begin(), upper.end(), upper.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return upper;
}

/// The name that was meant, or an empty one.
std::string MeantBy(std::string_view typed) {
  const std::string upper = ToUpperAscii(typed);
  std::string meant;
  std::size_t best = kEditsMax + 1;
  for (const std::string& known : KnownNames()) {
    if (known == typed) return {};
    // HOST, PORT: a single word is anybody's.
    if (known.find('_') == std::string::npos) continue;
    if (upper == std::string(kOwnPrefix) + known) return known;
    const std::size_t edits = EditDistance(upper, known);
    if (edits >= best || HasOtherWords(upper, known)) continue;
    best = edits;
    meant = known;
  }
  return meant;
}

}  // namespace

std::optional<std::string> DescribeSuspect(
    const GivenVariable& variable, const std::function<bool(const std::string& key)>& is_given) {
  if (variable.value.starts_with(kServiceLink)) return std::nullopt;
  const std::string meant = MeantBy(variable.name);
  if (meant.empty() || is_given(meant)) return std::nullopt;
  return TruncateUtf8(variable.name, kEchoedBytesMax) +
         " is not a key and has no effect; did you mean " + meant + "?";
}

}  // namespace satchel
