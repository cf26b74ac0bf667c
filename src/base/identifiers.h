/// Random identifiers as a dependency, so that tests own them.
#pragma once

#include <array>
#include <cstddef>
#include <mutex>
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

/// From OpenSSL's generator, many at a time: asking for each took a tenth of a small call.
class SecureIdGenerator final : public IdGenerator {
 public:
  std::string RandomHex() override;

 private:
  static constexpr std::size_t kIdBytes = 16;
  static constexpr std::size_t kIdsAtOnce = 64;

  std::mutex mutex_;
  std::array<unsigned char, kIdBytes * kIdsAtOnce> pool_{};  // guarded by mutex_
  std::size_t used_ = kIdBytes * kIdsAtOnce;                 // guarded by mutex_
};

/// Whether `text` has the form of a UUID: 8-4-4-4-12 hexadecimal digits.
bool IsUuid(std::string_view text);

}  // namespace satchel
