/// Checks, on the way through, that a document's bytes do not contradict its declared type.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/status.h"
#include "core/file_types.h"

namespace satchel {

/// Validates UTF-8 that arrives in pieces, and that it has no NUL.
class TextValidator {
 public:
  /// False as soon as the text is known to be bad; stays false.
  bool Update(std::span<const std::byte> bytes);
  /// False when the text ends within a character.
  bool Finish() const { return valid_ && pending_.empty(); }

 private:
  bool UpdateSlowly(std::string_view text);

  bool valid_ = true;
  std::string pending_;  ///< begin of a character that the next piece continues
};

/// Not thread-safe. Holds at most kHeadBytes of the document.
class ContentInspector {
 public:
  explicit ContentInspector(ContentKind kind) : kind_(kind) {}

  /// CONTENT_MISMATCH as soon as it is certain.
  Status Update(std::span<const std::byte> bytes);
  /// After the last byte.
  Status Finish();

 private:
  /// A PDF's header may come late, but within its first 1024 bytes (ISO 32000-1 annex H.3.4.1).
  static constexpr std::size_t kHeadBytes = 1024;

  Status CheckHead(bool complete);

  ContentKind kind_;
  bool head_checked_ = false;
  std::string head_;
  TextValidator text_;
};

}  // namespace satchel
