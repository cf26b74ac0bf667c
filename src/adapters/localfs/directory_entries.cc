#include "adapters/localfs/directory_entries.h"

#include <dirent.h>
#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "adapters/localfs/file_descriptor.h"

namespace satchel {
namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

}  // namespace

DirectoryEntries ListDirectory(int folder) {
  DirectoryEntries entries;
  FileDescriptor own(::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const std::unique_ptr<DIR, CloseDirectory> directory(own.valid() ? ::fdopendir(own.get())
                                                                   : nullptr);
  if (directory == nullptr) {
    entries.error = errno;
    return entries;
  }
  own.Release();  // the stream closes it
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(directory.get());
    if (entry == nullptr) break;
    std::string name = entry->d_name;
    if (name != "." && name != "..") entries.names.push_back(std::move(name));
  }
  entries.error = errno;
  std::sort(entries.names.begin(), entries.names.end());
  return entries;
}

}  // namespace satchel
