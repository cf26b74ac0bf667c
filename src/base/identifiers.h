/// Random identifiers as a dependency, so that tests own them.
#pragma once

#include <string>

#include "base/strong_string.h"

namespace satchel {

/// Thread-safe.
class IdGenerator {
 public:
  virtual ~IdGenerator() = default;
  /// 128 random bits as 32 lower-case hexadecimal digits.
  virtual std::string RandomHex() = 0;

  /// UUID version 4 (RFC 9562 section 5.4).
  DocumentId NewDocumentId();
  AttemptId NewAttemptId() { return AttemptId(RandomHex()); }
};

/// From the operating system's cryptographic source.
class SecureIdGenerator final : public IdGenerator {
 public:
  std::string RandomHex() override;
};

/// Whether `text` has the form of a UUID: 8-4-4-4-12 hexadecimal digits.
bool IsUuid(std::string_view text);

}  // namespace satchel
