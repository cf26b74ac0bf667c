/// Which types and extensions are accepted, and which extension fits which type.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace satchel {

/// What the bytes of a declared type must look like.
enum class ContentKind : std::uint8_t { kPdf, kZipPackage, kOle2, kText, kNotInspected };

/// A type and extension that were accepted together.
struct AcceptedType {
  std::string mime_type;  ///< lower case, without parameters
  ContentKind content = ContentKind::kNotInspected;
};

/// The operator's allow-lists. Immutable, thread-safe.
class FileTypePolicy {
 public:
  /// Both lists in lower case; extensions without the dot.
  FileTypePolicy(std::vector<std::string> mime_types, std::vector<std::string> extensions);

  /// FILE_TYPE_NOT_ALLOWED, saying which of the two is at fault and what is allowed.
  Result<AcceptedType> Accept(std::string_view filename, std::string_view mime_type) const;

 private:
  std::vector<std::string> mime_types_;
  std::vector<std::string> extensions_;
};

/// The part behind the last dot, in lower case; empty when there is none.
std::string ExtensionOf(std::string_view filename);

}  // namespace satchel
