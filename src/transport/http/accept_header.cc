#include "transport/http/accept_header.h"

#include <vector>

#include "base/text.h"

namespace satchel {
namespace {

constexpr int kQualityMax = 1000;

/// One element of the header.
struct MediaRange {
  std::string type;
  std::string version;
  int quality = kQualityMax;  ///< in thousandths
};

/// "0", "0.5", "1.000" in thousandths; what is malformed counts as 0, which takes nothing.
int ParseQuality(std::string_view text) {
  if (text.empty() || (text[0] != '0' && text[0] != '1')) return 0;
  int quality = (text[0] - '0') * kQualityMax;
  if (text.size() > 1 && (text[1] != '.' || text.size() > 5)) return 0;
  int weight = kQualityMax / 10;
  for (const char c : text.substr(text.size() > 1 ? 2 : 1)) {
    if (c < '0' || c > '9') return 0;
    quality += (c - '0') * weight;
    weight /= 10;
  }
  return quality <= kQualityMax ? quality : 0;
}

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(TrimAscii(text.substr(0, end)));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

MediaRange ParseMediaRange(std::string_view text) {
  MediaRange range;
  const std::vector<std::string_view> parts = Split(text, ';');
  range.type = ToLowerAscii(parts[0]);
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const std::size_t equals = parts[i].find('=');
    if (equals == std::string_view::npos) continue;
    const std::string name = ToLowerAscii(parts[i].substr(0, equals));
    const std::string_view value = parts[i].substr(equals + 1);
    if (name == "q") range.quality = ParseQuality(value);
    if (name == "version") range.version = value;
  }
  return range;
}

/// How closely `range` names `type`; 0: not at all.
int Specificity(const MediaRange& range, const MediaType& type) {
  if (range.type == "*/*") return 1;
  const std::string_view family = type.type.substr(0, type.type.find('/') + 1);
  if (range.type == std::string(family) + "*") return 2;
  if (range.type != type.type) return 0;
  if (range.version.empty()) return 3;
  return range.version == type.version ? 4 : 0;
}

int QualityOf(const MediaType& type, const std::vector<MediaRange>& ranges) {
  int best = 0;
  int quality = 0;
  for (const MediaRange& range : ranges) {
    const int specificity = Specificity(range, type);
    if (specificity <= best) continue;
    best = specificity;
    quality = range.quality;
  }
  return quality;
}

}  // namespace

std::optional<std::size_t> ChooseMediaType(const std::optional<std::string>& accept,
                                           std::span<const MediaType> offered) {
  if (!accept || TrimAscii(*accept).empty()) return 0;
  std::vector<MediaRange> ranges;
  for (const std::string_view element : Split(*accept, ',')) {
    if (!element.empty()) ranges.push_back(ParseMediaRange(element));
  }
  std::optional<std::size_t> chosen;
  int chosen_quality = 0;
  for (std::size_t i = 0; i < offered.size(); ++i) {
    const int quality = QualityOf(offered[i], ranges);
    if (quality <= chosen_quality) continue;
    chosen = i;
    chosen_quality = quality;
  }
  return chosen;
}

}  // namespace satchel
