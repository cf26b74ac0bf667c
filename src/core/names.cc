#include "core/names.h"

#include <string>

#include "base/limits.h"
#include "base/text.h"

namespace satchel {
namespace {

bool IsControl(char32_t c) { return c < 0x20 || (c >= 0x7F && c <= 0x9F); }

/// Characters that reorder text on screen, so that `exe.pdf` can be made to read `fdp.exe`
/// (Unicode UAX #9, explicit formatting characters).
bool IsBidirectionalControl(char32_t c) {
  return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

/// What is wrong with `value`; empty: nothing.
std::string NameProblem(std::string_view value, std::size_t bytes_max) {
  if (value.empty()) return "must not be empty";
  if (value.size() > bytes_max) {
    return "must be at most " + std::to_string(bytes_max) + " bytes, got " +
           std::to_string(value.size());
  }
  if (value == "." || value == "..") return "must not be `.` or `..`";
  for (std::size_t position = 0; position < value.size();) {
    const std::optional<char32_t> c = DecodeUtf8(value, &position);
    if (!c) return "must be valid UTF-8";
    if (IsControl(*c)) return "must not contain control characters";
    if (*c == U'/' || *c == U'\\') return "must not contain `/` or `\\`";
    if (IsBidirectionalControl(*c)) return "must not contain bidirectional control characters";
  }
  return "";
}

}  // namespace

void FieldChecker::CheckUserId(std::string_view value) {
  CheckName("user_id", value, kNameBytesMax);
}

void FieldChecker::CheckCategory(std::string_view value) {
  CheckName("category", value, kNameBytesMax);
}

void FieldChecker::CheckFilename(std::string_view value) {
  CheckName("filename", value, kFilenameBytesMax);
}

void FieldChecker::CheckDocumentId(std::string_view value) {
  if (value.empty()) Reject("document_id", "must not be empty", value);
}

void FieldChecker::CheckName(std::string_view field, std::string_view value,
                             std::size_t bytes_max) {
  const std::string problem = NameProblem(value, bytes_max);
  if (!problem.empty()) Reject(field, problem, value);
}

void FieldChecker::Reject(std::string_view field, std::string_view rule,
                          std::string_view rejected_value) {
  status_ = status_.ok() ? InvalidField(field, rule, rejected_value)
                         : status_.WithField(std::string(field), std::string(rule), rejected_value);
}

}  // namespace satchel
