/// The key that signs the links of the embedded store.
#pragma once

#include "adapters/localfs/storage_folder.h"
#include "base/status.h"
#include "base/strong_string.h"

namespace satchel {

/// Reads `link-signing.key` (32 random bytes as hexadecimal digits, mode 0600), making it in a new
/// folder. The Secret holds the 32 raw bytes.
///
/// CONFIGURATION_INVALID: the file is missing although `has_documents` (a new key would silently
/// break every link that is out), readable by others, or damaged.
Result<Secret> LoadLinkKey(const StorageFolder& folder, bool has_documents);

}  // namespace satchel
