/// Small files of the storage folder (store id, signing key), and the writing of any file.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "adapters/localfs/file_descriptor.h"

namespace satchel {

class StorageFolder;

/// What a system call left behind: 0, or errno.
using Errno = int;

/// Writes all of `bytes` at the descriptor's position, whatever signals and short writes do.
Errno WriteAll(int descriptor, std::span<const std::byte> bytes);

/// fsync, then close, both checked. After an error the file's fate is unknown, and it must be
/// given up: a second fsync would report success for pages that never reached the disk.
Errno SyncAndClose(FileDescriptor file);

/// Renames within one file system; EEXIST when the new name is taken.
Errno RenameNoReplace(int from_folder, const std::string& from, int to_folder,
                      const std::string& to);

/// What is in a small file.
struct SmallFile {
  Errno error = 0;  ///< ENOENT: there is none; ELOOP: a symbolic link; EFBIG: longer than allowed
  std::string content;
  unsigned mode = 0;  ///< permission bits
};

/// Reads the regular file `name`, at most `bytes_max` long.
SmallFile ReadSmallFile(int folder, const std::string& name, std::size_t bytes_max);

/// Makes the file `name` in the root of `folder` with mode 0600: whole and durable, or not at all.
/// EEXIST when it is there already.
Errno CreateSmallFile(const StorageFolder& folder, const std::string& name,
                      std::string_view content);

}  // namespace satchel
