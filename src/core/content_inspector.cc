#include "core/content_inspector.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "base/text.h"

namespace satchel {
namespace {

constexpr std::string_view kPdfHeader = "%PDF-";
constexpr std::string_view kZipLocalFileHeader = "PK\x03\x04";
constexpr std::string_view kOle2Header = "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";

Status Mismatch(std::string_view rule) {
  return Status(Reason::kContentMismatch, "the content contradicts mime_type: " + std::string(rule))
      .WithField("mime_type", std::string(rule), "");
}

/// How many leading bytes are ASCII without NUL, looked at a word at a time.
std::size_t PlainAsciiPrefix(const char* text, std::size_t size) {
  constexpr std::uint64_t kHighBits = 0x8080808080808080U;
  constexpr std::uint64_t kLowBits = 0x0101010101010101U;
  std::size_t position = 0;
  for (; size - position >= sizeof(std::uint64_t); position += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, text + position, sizeof(word));
    // The subtraction borrows into the high bit of any byte that is 0 (or above 0x80).
    if (((word | (word - kLowBits)) & kHighBits) != 0) break;
  }
  return position;
}

/// Whether `text` is a proper beginning of one UTF-8 character.
bool IsCharacterPrefix(std::string_view text) {
  if (text.empty() || text.size() > 3) return false;
  // Completing it with the smallest or the largest continuation bytes must give a character.
  for (const char fill : {'\x80', '\xBF'}) {
    for (std::size_t length = text.size() + 1; length <= 4; ++length) {
      std::string candidate(text);
      candidate.resize(length, fill);
      std::size_t position = 0;
      if (DecodeUtf8(candidate, &position) && position == length) return true;
    }
  }
  return false;
}

}  // namespace

bool TextValidator::Update(std::span<const std::byte> bytes) {
  if (!valid_ || bytes.empty()) return valid_;
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (pending_.empty()) return UpdateSlowly(text);
  // A character is at most 4 bytes: join its pieces in a small buffer, then go on in place.
  std::size_t taken = 0;
  while (taken < text.size() && !pending_.empty()) {
    pending_.push_back(text[taken++]);
    std::size_t position = 0;
    if (DecodeUtf8(pending_, &position)) {
      pending_.clear();
    } else if (!IsCharacterPrefix(pending_)) {
      return valid_ = false;
    }
  }
  return UpdateSlowly(text.substr(taken));
}

bool TextValidator::UpdateSlowly(std::string_view text) {
  for (std::size_t position = 0; position < text.size();) {
    position += PlainAsciiPrefix(text.data() + position, text.size() - position);
    if (position == text.size()) break;
    if (text[position] == '\0') return valid_ = false;
    if (DecodeUtf8(text, &position)) continue;
    const std::string_view rest = text.substr(position);
    if (!IsCharacterPrefix(rest)) return valid_ = false;
    pending_ = rest;
    return true;
  }
  return true;
}

Status ContentInspector::Update(std::span<const std::byte> bytes) {
  if (kind_ == ContentKind::kNotInspected) return {};
  if (kind_ == ContentKind::kText) {
    if (!text_.Update(bytes)) return Mismatch("text must be UTF-8 without NUL");
    return {};
  }
  if (head_checked_) return {};
  const std::size_t wanted = std::min(bytes.size(), kHeadBytes - head_.size());
  head_.append(reinterpret_cast<const char*>(bytes.data()), wanted);
  return CheckHead(head_.size() == kHeadBytes);
}

Status ContentInspector::Finish() {
  if (kind_ == ContentKind::kNotInspected || head_checked_) return {};
  if (kind_ == ContentKind::kText) {
    if (!text_.Finish()) return Mismatch("text must be UTF-8 without NUL");
    return {};
  }
  return CheckHead(true);
}

Status ContentInspector::CheckHead(bool complete) {
  const auto starts_with = [&](std::string_view header, std::string_view rule) -> Status {
    const std::size_t known = std::min(header.size(), head_.size());
    if (head_.compare(0, known, header, 0, known) != 0) return Mismatch(rule);
    if (known == header.size()) {
      head_checked_ = true;
      return {};
    }
    return complete ? Mismatch(rule) : Status();
  };
  switch (kind_) {
    case ContentKind::kPdf:
      if (head_.find(kPdfHeader) != std::string::npos) {
        head_checked_ = true;
        return {};
      }
      return complete ? Mismatch("a PDF has %PDF- within its first 1024 bytes") : Status();
    case ContentKind::kZipPackage:
      return starts_with(kZipLocalFileHeader, "DOCX and XLSX are ZIP packages");
    case ContentKind::kOle2:
      return starts_with(kOle2Header, "DOC is an OLE2 file");
    case ContentKind::kText:
    case ContentKind::kNotInspected:
      break;
  }
  return {};
}

}  // namespace satchel
