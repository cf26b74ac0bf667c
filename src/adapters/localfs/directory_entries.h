/// The names in a folder.
#pragma once

#include <string>
#include <vector>

namespace satchel {

struct DirectoryEntries {
  int error = 0;                   ///< errno; `names` is then not complete
  std::vector<std::string> names;  ///< sorted, without "." and ".."
};

/// Lists an open folder, whose own position does not matter and is not moved.
DirectoryEntries ListDirectory(int folder);

}  // namespace satchel
