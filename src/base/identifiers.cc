#include "base/identifiers.h"

#include <openssl/rand.h>

#include <cstdlib>
#include <string_view>

#include "base/text.h"

namespace satchel {

DocumentId IdGenerator::NewDocumentId() {
  std::string hex = RandomHex();
  hex[12] = '4';
  constexpr std::string_view kVariant = "89ab";
  hex[16] = kVariant[static_cast<unsigned char>(hex[16]) % 4];
  return DocumentId(hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" +
                    hex.substr(16, 4) + "-" + hex.substr(20, 12));
}

std::string SecureIdGenerator::RandomHex() {
  const std::lock_guard lock(mutex_);
  if (used_ == pool_.size()) {
    // Without randomness no id is safe to hand out; there is no way to go on.
    if (RAND_bytes(pool_.data(), static_cast<int>(pool_.size())) != 1) std::abort();
    used_ = 0;
  }
  const auto bytes = std::span(pool_).subspan(used_, kIdBytes);
  used_ += kIdBytes;
  return HexEncode(std::as_bytes(bytes));
}

bool IsUuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (dash ? c != '-' : !hex) return false;
  }
  return true;
}

}  // namespace satchel
