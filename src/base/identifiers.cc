#include "base/identifiers.h"

#include <openssl/rand.h>

#include <array>
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
  std::array<unsigned char, 16> bytes;
  // Without randomness no id is safe to hand out; there is no way to go on.
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) std::abort();
  return HexEncode(std::as_bytes(std::span(bytes)));
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
