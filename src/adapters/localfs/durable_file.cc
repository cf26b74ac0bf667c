#include "adapters/localfs/durable_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "adapters/localfs/storage_folder.h"

namespace satchel {

Errno WriteAll(int descriptor, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    // POSIX lets write() take nothing of a regular file only when there is no room left.
    if (written == 0) return ENOSPC;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return 0;
}

Errno SyncAndClose(FileDescriptor file) {
  if (::fsync(file.get()) != 0) return errno;
  // Linux has let go of the descriptor even when close() is interrupted.
  if (::close(file.Release()) != 0 && errno != EINTR) return errno;
  return 0;
}

Errno RenameNoReplace(int from_folder, const std::string& from, int to_folder,
                      const std::string& to) {
  const int outcome =
      ::renameat2(from_folder, from.c_str(), to_folder, to.c_str(), RENAME_NOREPLACE);
  return outcome == 0 ? 0 : errno;
}

SmallFile ReadSmallFile(int folder, const std::string& name, std::size_t bytes_max) {
  SmallFile result;
  // O_NONBLOCK: a FIFO in the file's place must not hang the start.
  const FileDescriptor file(
      ::openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  struct stat info = {};
  if (!file.valid() || ::fstat(file.get(), &info) != 0) {
    result.error = errno;
    return result;
  }
  if (!S_ISREG(info.st_mode)) {
    result.error = EINVAL;
    return result;
  }
  result.mode = info.st_mode & 07777U;
  result.content.resize(bytes_max + 1);
  std::size_t length = 0;
  while (length < result.content.size()) {
    const ssize_t count =
        ::read(file.get(), result.content.data() + length, result.content.size() - length);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) result.error = errno;
    if (count <= 0) break;
    length += static_cast<std::size_t>(count);
  }
  if (length > bytes_max) result.error = EFBIG;
  result.content.resize(length);
  return result;
}

Errno CreateSmallFile(const StorageFolder& folder, const std::string& name,
                      std::string_view content) {
  FileDescriptor file(::openat(folder.tmp(), name.c_str(),
                               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.valid()) return errno;
  Errno error = WriteAll(file.get(), std::as_bytes(std::span(content)));
  if (error == 0) error = SyncAndClose(std::move(file));
  if (error == 0) error = RenameNoReplace(folder.tmp(), name, folder.root(), name);
  if (error != 0) {
    ::unlinkat(folder.tmp(), name.c_str(), 0);
    return error;
  }
  return ::fsync(folder.root()) == 0 ? 0 : errno;
}

}  // namespace satchel
