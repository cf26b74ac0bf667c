#include "core/file_types.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/text.h"

namespace satchel {
namespace {

struct KnownType {
  std::string_view mime_type;
  std::string_view extension;
  ContentKind content;
};

constexpr std::string_view kDocx =
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
constexpr std::string_view kXlsx =
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

constexpr std::array kKnownTypes = {
    KnownType{"application/pdf", "pdf", ContentKind::kPdf},
    KnownType{kDocx, "docx", ContentKind::kZipPackage},
    KnownType{kDocx, "doc", ContentKind::kZipPackage},
    KnownType{kXlsx, "xlsx", ContentKind::kZipPackage},
    KnownType{"application/msword", "doc", ContentKind::kOle2},
    KnownType{"text/plain", "txt", ContentKind::kText},
};

std::string NormalizeMimeType(std::string_view mime_type) {
  return ToLowerAscii(TrimAscii(mime_type.substr(0, mime_type.find(';'))));
}

std::string Join(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text.append(text.empty() ? "" : ", ").append(item);
  return text;
}

bool Contains(const std::vector<std::string>& items, std::string_view item) {
  return std::find(items.begin(), items.end(), item) != items.end();
}

Status NotAllowed(std::string_view field, const std::string& rule, std::string_view rejected) {
  return Status(Reason::kFileTypeNotAllowed, std::string(field) + " " + rule)
      .WithField(std::string(field), rule, rejected);
}

/// nullopt: the two contradict one another.
std::optional<ContentKind> Match(std::string_view mime_type, std::string_view extension) {
  const KnownType* of_type = nullptr;
  bool extension_known = false;
  for (const KnownType& known : kKnownTypes) {
    if (known.mime_type == mime_type && known.extension == extension) return known.content;
    if (known.mime_type == mime_type) of_type = &known;
    extension_known = extension_known || known.extension == extension;
  }
  if (extension_known) return std::nullopt;
  // What an operator added: any text may have an extension of its own (`.md`, `.csv`); a type that
  // is not known here is not looked into.
  if (of_type == nullptr) return ContentKind::kNotInspected;
  if (of_type->content == ContentKind::kText) return ContentKind::kText;
  return std::nullopt;
}

}  // namespace

FileTypePolicy::FileTypePolicy(std::vector<std::string> mime_types,
                               std::vector<std::string> extensions)
    : mime_types_(std::move(mime_types)), extensions_(std::move(extensions)) {}

Result<AcceptedType> FileTypePolicy::Accept(std::string_view filename,
                                            std::string_view mime_type) const {
  std::string type = NormalizeMimeType(mime_type);
  const std::string extension = ExtensionOf(filename);
  if (!Contains(mime_types_, type)) {
    return NotAllowed("mime_type", "must be one of " + Join(mime_types_), mime_type);
  }
  if (!Contains(extensions_, extension)) {
    return NotAllowed("filename", "must end with one of ." + Join(extensions_), filename);
  }
  const std::optional<ContentKind> content = Match(type, extension);
  if (!content) {
    return NotAllowed("filename",
                      "has the extension ." + extension + ", which does not fit " + type, filename);
  }
  return AcceptedType{std::move(type), *content};
}

std::string ExtensionOf(std::string_view filename) {
  const std::size_t dot = filename.rfind('.');
  if (dot == std::string_view::npos) return "";
  return ToLowerAscii(filename.substr(dot + 1));
}

}  // namespace satchel
