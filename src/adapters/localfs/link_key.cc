#include "adapters/localfs/link_key.h"

#include <openssl/rand.h>

#include <array>
#include <cerrno>
#include <optional>
#include <span>
#include <string>

#include "adapters/localfs/durable_file.h"
#include "adapters/localfs/local_errors.h"
#include "base/text.h"

namespace satchel {
namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kKeyFileBytesMax = 2 * kKeyBytes + 2;
constexpr unsigned kOthersModeBits = 077;
constexpr char kKeyFile[] = "link-signing.key";

Result<Secret> MakeLinkKey(const StorageFolder& folder, const std::string& path) {
  std::array<std::byte, kKeyBytes> key = {};
  if (RAND_bytes(reinterpret_cast<unsigned char*>(key.data()), static_cast<int>(key.size())) != 1) {
    return InternalError("the system's random source failed");
  }
  const Errno error = CreateSmallFile(folder, kKeyFile, HexEncode(key) + "\n");
  if (error != 0) return StorageFolderError("make the link signing key", path, error);
  return Secret(std::string(reinterpret_cast<const char*>(key.data()), key.size()));
}

}  // namespace

Result<Secret> LoadLinkKey(const StorageFolder& folder, bool has_documents) {
  const std::string path = (folder.path() / kKeyFile).string();
  const SmallFile file = ReadSmallFile(folder.root(), kKeyFile, kKeyFileBytesMax);
  if (file.error == ENOENT) {
    if (!has_documents) return MakeLinkKey(folder, path);
    return ConfigurationError("the link signing key " + path +
                              " is missing although the store holds documents; restore it from "
                              "the backup that the storage folder came from");
  }
  const std::string damaged = "the link signing key " + path +
                              " is damaged (it must hold 64 hexadecimal digits); restore it from "
                              "a backup";
  if (file.error == EINVAL || file.error == EFBIG) return ConfigurationError(damaged);
  if (file.error != 0) return StorageFolderError("read the link signing key", path, file.error);
  if ((file.mode & kOthersModeBits) != 0) {
    return ConfigurationError("the link signing key " + path +
                              " can be read by other users; run chmod 600 on it");
  }
  std::optional<std::string> key = HexDecode(TrimAscii(file.content));
  if (!key || key->size() != kKeyBytes) return ConfigurationError(damaged);
  return Secret(std::move(*key));
}

}  // namespace satchel
