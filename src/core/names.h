/// Rules for user ids, categories and file names. Names are kept and compared byte for byte.
#pragma once

#include <string_view>

#include "base/status.h"

namespace satchel {

/// Collects what is wrong with a request, so that its caller learns of all bad fields at once.
class FieldChecker {
 public:
  void CheckUserId(std::string_view value);
  void CheckCategory(std::string_view value);
  void CheckFilename(std::string_view value);
  /// Not empty; whether such a document exists is not a matter of form.
  void CheckDocumentId(std::string_view value);
  void Reject(std::string_view field, std::string_view rule, std::string_view rejected_value);

  /// OK, or INVALID_FIELD with all violations.
  Status status() const { return status_; }

 private:
  void CheckName(std::string_view field, std::string_view value, std::size_t bytes_max);

  Status status_;
};

}  // namespace satchel
