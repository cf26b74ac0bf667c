#include "core/legacy_import/row_rules.h"

#include <span>
#include <utility>

#include "base/limits.h"
#include "base/sha256.h"
#include "base/text.h"
#include "core/names.h"

namespace satchel {
namespace {

constexpr std::string_view kExtension = ".txt";
constexpr char kReplacement = '_';

bool HasTextExtension(std::string_view name) {
  return name.size() > kExtension.size() &&
         ToLowerAscii(name.substr(name.size() - kExtension.size())) == kExtension;
}

/// At most `bytes_max` bytes, no character cut.
std::string_view CutAtCharacter(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; };
  while (bytes_max > 0 && continues(text[bytes_max])) --bytes_max;
  return text.substr(0, bytes_max);
}

bool IsNameCharacter(std::string_view character) {
  FieldChecker checker;
  // On their own they are no names, within one they are characters as any other.
  if (character == ".") return true;
  checker.CheckFilename(character);
  return checker.status().ok();
}

/// Bytes that are no UTF-8, and characters that no name may have, become `_`.
std::string ReplaceForbidden(std::string_view text) {
  std::string name;
  for (std::size_t position = 0; position < text.size();) {
    const std::size_t start = position;
    if (!DecodeUtf8(text, &position)) position = start + 1;
    const std::string_view character = text.substr(start, position - start);
    if (IsNameCharacter(character)) {
      name += character;
    } else {
      name += kReplacement;
    }
  }
  return name;
}

std::string DefaultName(std::int64_t row_id) {
  return "context_" + std::to_string(row_id) + std::string(kExtension);
}

/// Reads a number of `digits` digits at the front of `text`.
std::optional<int> TakeNumber(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int value = 0;
  for (const char c : text.substr(0, digits)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool TakeCharacter(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

/// "12:34", "12:34:56", "12:34:56.789012".
std::optional<std::chrono::milliseconds> TakeTimeOfDay(std::string_view& text) {
  const std::optional<int> hours = TakeNumber(text, 2);
  if (!hours || *hours > 23 || !TakeCharacter(text, ':')) return std::nullopt;
  const std::optional<int> minutes = TakeNumber(text, 2);
  if (!minutes || *minutes > 59) return std::nullopt;
  auto time = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
  std::chrono::milliseconds total = time;
  if (!TakeCharacter(text, ':')) return total;
  const std::optional<int> seconds = TakeNumber(text, 2);
  if (!seconds || *seconds > 59) return std::nullopt;
  total += std::chrono::seconds(*seconds);
  if (!TakeCharacter(text, '.')) return total;
  int milliseconds = 0;
  int digits = 0;
  while (const std::optional<int> digit = TakeNumber(text, 1)) {
    if (++digits <= 3) milliseconds = milliseconds * 10 + *digit;
  }
  if (digits == 0) return std::nullopt;
  for (int missing = digits; missing < 3; ++missing) milliseconds *= 10;
  return total + std::chrono::milliseconds(milliseconds);
}

/// "", "Z", "+02", "+0200", "+02:00": how far local time is ahead of UTC.
std::optional<std::chrono::minutes> TakeZone(std::string_view& text) {
  if (text.empty() || TakeCharacter(text, 'Z')) return std::chrono::minutes(0);
  const bool ahead = text.starts_with('+');
  if (!TakeCharacter(text, '+') && !TakeCharacter(text, '-')) return std::nullopt;
  const std::optional<int> hours = TakeNumber(text, 2);
  if (!hours || *hours > 15) return std::nullopt;
  (void)TakeCharacter(text, ':');
  const std::optional<int> minutes = text.empty() ? 0 : TakeNumber(text, 2);
  if (!minutes || *minutes > 59) return std::nullopt;
  const auto offset = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
  return ahead ? offset : -offset;
}

bool IsInReach(Timestamp time) {
  using std::chrono::year;
  return time >= Day(year(1000) / 1 / 1) && time < Day(year(10000) / 1 / 1);
}

/// Seconds or milliseconds since 1970. Smaller numbers are no times but years, days without their
/// dashes and the like.
std::optional<Timestamp> ParseEpoch(std::string_view text) {
  constexpr std::size_t kDigitsMax = 15;
  constexpr std::int64_t kSecondsFrom = 100'000'000;
  constexpr std::int64_t kMillisecondsFrom = 100'000'000'000;
  if (text.empty() || text.size() > kDigitsMax) return std::nullopt;
  std::int64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  if (value < kSecondsFrom) return std::nullopt;
  if (value < kMillisecondsFrom) value *= 1000;
  return Timestamp(std::chrono::milliseconds(value));
}

}  // namespace

RowNote NoteOn(const LegacyRow& row, RowVerdict verdict, std::string detail) {
  return {.row_id = row.id,
          .verdict = verdict,
          .teacher = TruncateUtf8(row.teacher.value_or(""), kEchoedBytesMax),
          .document = {},
          .detail = std::move(detail)};
}

std::optional<RowNote> RefuseRow(const LegacyRow& row, std::int64_t file_size_max) {
  if (!row.teacher) return NoteOn(row, RowVerdict::kTeacherMissing, "the teacher is NULL");
  if (row.teacher->empty()) {
    return NoteOn(row, RowVerdict::kTeacherMissing, "the teacher is empty");
  }
  FieldChecker teacher;
  teacher.CheckUserId(*row.teacher);
  if (!teacher.status().ok()) {
    return NoteOn(row, RowVerdict::kTeacherInvalid,
                  "the teacher " + teacher.status().field_violations().front().message);
  }
  if (!row.text_bytes) return NoteOn(row, RowVerdict::kTextMissing, "the text is NULL");
  if (*row.text_bytes == 0) return NoteOn(row, RowVerdict::kTextEmpty, "the text is empty");
  if (*row.text_bytes <= file_size_max) return std::nullopt;
  return NoteOn(row, RowVerdict::kTooLarge,
                "the text has " + std::to_string(*row.text_bytes) + " bytes, at most " +
                    std::to_string(file_size_max) + " are allowed (STORAGE_MAX_FILE_SIZE)");
}

std::optional<RowNote> RefuseText(const LegacyRow& row, std::string_view text) {
  if (!IsValidUtf8(text)) {
    return NoteOn(row, RowVerdict::kTextInvalid, "the text is not valid UTF-8");
  }
  if (text.find('\0') != std::string_view::npos) {
    return NoteOn(row, RowVerdict::kTextInvalid, "the text has a NUL character");
  }
  return std::nullopt;
}

RowDocument DocumentOfRow(const LegacyRow& row, std::vector<RowNote>& notes) {
  RowDocument document{.filename = FilenameOf(row.source, row.id), .created_at = {}};
  if (row.source && *row.source != document.filename) {
    notes.push_back(NoteOn(row, RowVerdict::kNameChanged,
                           "`" + TruncateUtf8(*row.source, kEchoedBytesMax) + "` becomes `" +
                               document.filename + "`"));
  }
  const std::optional<Timestamp> time =
      row.timestamp ? ParseLegacyTime(*row.timestamp) : std::nullopt;
  if (time) {
    document.created_at = *time;
    return document;
  }
  const std::string found =
      row.timestamp ? "`" + TruncateUtf8(*row.timestamp, kEchoedBytesMax) + "` is no time"
                    : "the time is NULL";
  notes.push_back(NoteOn(row, RowVerdict::kTimeUnknown, found + ": 1970-01-01T00:00:00Z is used"));
  return document;
}

std::string FilenameOf(const std::optional<std::string>& source, std::int64_t row_id) {
  if (!source || TrimAscii(*source).empty()) return DefaultName(row_id);
  std::string name = ReplaceForbidden(*source);
  if (name == "." || name == "..") return DefaultName(row_id);
  if (!HasTextExtension(name)) name += kExtension;
  if (name.size() <= kFilenameBytesMax) return name;
  const std::string extension = name.substr(name.size() - kExtension.size());
  name = CutAtCharacter(name, kFilenameBytesMax - extension.size());
  return name + extension;
}

std::string DistinctName(std::string_view filename, std::string_view tag) {
  const std::string_view extension = filename.substr(filename.size() - kExtension.size());
  std::string tail = "_";
  tail.append(tag).append(extension);
  const std::string_view stem = filename.substr(0, filename.size() - extension.size());
  return std::string(CutAtCharacter(stem, kFilenameBytesMax - tail.size())) + tail;
}

std::optional<Timestamp> ParseLegacyTime(std::string_view text) {
  text = TrimAscii(text);
  if (const std::optional<Timestamp> epoch = ParseEpoch(text)) {
    return IsInReach(*epoch) ? epoch : std::nullopt;
  }
  constexpr std::size_t kDayLength = 10;
  const std::optional<Day> day = ParseDay(text.substr(0, kDayLength));
  if (!day) return std::nullopt;
  text.remove_prefix(kDayLength);
  Timestamp time = *day;
  if (!text.empty()) {
    if (!TakeCharacter(text, ' ') && !TakeCharacter(text, 'T')) return std::nullopt;
    const std::optional<std::chrono::milliseconds> clock = TakeTimeOfDay(text);
    if (!clock) return std::nullopt;
    const std::optional<std::chrono::minutes> zone = TakeZone(text);
    if (!zone || !text.empty()) return std::nullopt;
    time += *clock - *zone;
  }
  if (!IsInReach(time)) return std::nullopt;
  return time;
}

DocumentId DocumentIdOf(std::string_view source_name, std::int64_t row_id) {
  std::string text = "satchel import\n";
  text.append(source_name).append("\n").append(std::to_string(row_id));
  Sha256 hash;
  hash.Update(std::as_bytes(std::span(text)));
  std::string hex = hash.Finish().value();
  constexpr std::string_view kVariant = "89ab";
  hex[12] = '8';
  hex[16] = kVariant[static_cast<unsigned char>(hex[16]) % 4];
  return DocumentId(hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" +
                    hex.substr(16, 4) + "-" + hex.substr(20, 12));
}

}  // namespace satchel
