#include "adapters/localfs/storage_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <system_error>
#include <utility>

#include "adapters/localfs/directory_entries.h"
#include "adapters/localfs/durable_file.h"
#include "adapters/localfs/local_errors.h"
#include "base/text.h"

namespace satchel {
namespace {

constexpr std::size_t kObjectNameBytes = 32;
constexpr std::size_t kPidBytesMax = 32;
constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

/// So that the start names the path, and not the first upload.
Status CheckUsable(const FileDescriptor& folder, const std::filesystem::path& shown) {
  if (::faccessat(folder.get(), ".", R_OK | W_OK | X_OK, AT_EACCESS) == 0) return {};
  return StorageFolderError("write into the folder", shown.string(), errno);
}

}  // namespace

bool IsObjectName(std::string_view name) {
  return name.size() == kObjectNameBytes &&
         name.find_first_not_of(kHexDigits) == std::string_view::npos;
}

std::size_t StorageFolder::ShardIndex(std::string_view name) {
  return kHexDigits.find(name[0]) * 16 + kHexDigits.find(name[1]);
}

std::string StorageFolder::ShardName(std::size_t index) {
  return {kHexDigits[index / 16], kHexDigits[index % 16]};
}

Result<std::unique_ptr<StorageFolder>> StorageFolder::Make(const std::filesystem::path& path) {
  auto folder = std::make_unique<StorageFolder>(Private{}, path);
  SATCHEL_RETURN_IF_ERROR(folder->OpenRoot());
  SATCHEL_RETURN_IF_ERROR(folder->TakeLock());
  SATCHEL_RETURN_IF_ERROR(folder->OpenFolders());
  SATCHEL_RETURN_IF_ERROR(folder->EmptyTmp());
  return folder;
}

Result<std::unique_ptr<StorageFolder>> StorageFolder::OpenExisting(
    const std::filesystem::path& path) {
  const FileDescriptor root(::open(path.c_str(), kFolderFlags));
  if (!root.valid()) return StorageFolderError("open the storage folder", path.string(), errno);
  if (::faccessat(root.get(), "objects", F_OK, AT_SYMLINK_NOFOLLOW) != 0) {
    return ConfigurationError("the folder " + path.string() +
                              " is no storage folder of satchel; name one in STORAGE_DIR");
  }
  return Make(path);
}

Status StorageFolder::MakeRoot() const {
  std::error_code error;
  const std::filesystem::path root = std::filesystem::absolute(path_, error).lexically_normal();
  if (error) return StorageFolderError("find the folder", path_.string(), error.value());
  std::filesystem::path folder = root.root_path();
  for (const std::filesystem::path& name : root.relative_path()) {
    if (name.empty()) break;  // behind a last slash
    const std::filesystem::path parent = std::exchange(folder, folder / name);
    const bool last = folder == root || folder / "" == root;
    const bool made = ::mkdir(folder.c_str(), last ? 0700 : 0777) == 0;
    if (!made && errno != EEXIST) {
      return StorageFolderError("make the folder", folder.string(), errno);
    }
    if (!made && !last) continue;
    // The storage folder's own name also when it was there: the process that made it may have died
    // before this line. Whoever else made it may have hidden the folder above from us.
    const FileDescriptor above(::open(parent.c_str(), kFolderFlags));
    if ((!above.valid() || ::fsync(above.get()) != 0) && made) {
      return StorageFolderError("sync the folder", parent.string(), errno);
    }
  }
  return {};
}

Status StorageFolder::OpenRoot() {
  SATCHEL_RETURN_IF_ERROR(MakeRoot());
  // The folder itself may be a symbolic link: where the data lies is the operator's choice.
  root_ = FileDescriptor(::open(path_.c_str(), kFolderFlags));
  if (!root_.valid()) return StorageFolderError("open the storage folder", path_.string(), errno);
  return CheckUsable(root_, path_);
}

Status StorageFolder::TakeLock() {
  const std::string shown = (path_ / "lock").string();
  lock_ = FileDescriptor(
      ::openat(root(), "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600));
  if (!lock_.valid()) return StorageFolderError("open", shown, errno);
  while (::flock(lock(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno == EWOULDBLOCK) return LockedByAnother();
    return StorageFolderError("lock", shown, errno);
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(lock(), 0) != 0) return StorageFolderError("write", shown, errno);
  const Errno error = WriteAll(lock(), std::as_bytes(std::span(pid)));
  return error == 0 ? Status() : StorageFolderError("write", shown, error);
}

Status StorageFolder::LockedByAnother() const {
  const std::string content = ReadSmallFile(root(), "lock", kPidBytesMax).content;
  const std::string_view pid = TrimAscii(content);
  std::string owner = "another process";
  if (!pid.empty() && pid.find_first_not_of("0123456789") == std::string_view::npos) {
    owner = "process " + std::string(pid);
  }
  return ConfigurationError("the storage folder " + path_.string() + " is in use by " + owner +
                            "; stop that one, or name another folder in STORAGE_DIR");
}

Result<FileDescriptor> StorageFolder::OpenOrMakeFolder(int parent, const std::string& name,
                                                       const std::filesystem::path& shown) const {
  if (::mkdirat(parent, name.c_str(), 0700) != 0 && errno != EEXIST) {
    return StorageFolderError("make the folder", shown.string(), errno);
  }
  FileDescriptor folder(::openat(parent, name.c_str(), kFolderFlags | O_NOFOLLOW));
  if (!folder.valid()) return StorageFolderError("open the folder", shown.string(), errno);
  SATCHEL_RETURN_IF_ERROR(CheckUsable(folder, shown));
  return folder;
}

Status StorageFolder::OpenFolders() {
  SATCHEL_ASSIGN_OR_RETURN(tmp_, OpenOrMakeFolder(root(), "tmp", path_ / "tmp"));
  SATCHEL_ASSIGN_OR_RETURN(const FileDescriptor objects,
                           OpenOrMakeFolder(root(), "objects", path_ / "objects"));
  SATCHEL_RETURN_IF_ERROR(CheckSameFileSystem(objects.get()));
  for (std::size_t i = 0; i < kShards; ++i) {
    const std::string name = ShardName(i);
    SATCHEL_ASSIGN_OR_RETURN(shards_[i],
                             OpenOrMakeFolder(objects.get(), name, path_ / "objects" / name));
  }
  // Also when nothing was made now: the process that made them may have died before this line.
  if (::fsync(objects.get()) != 0 || ::fsync(root()) != 0) {
    return StorageFolderError("sync the storage folder", path_.string(), errno);
  }
  return {};
}

Status StorageFolder::CheckSameFileSystem(int objects) const {
  struct stat staged = {};
  struct stat published = {};
  if (::fstat(tmp(), &staged) != 0 || ::fstat(objects, &published) != 0) {
    return StorageFolderError("examine the storage folder", path_.string(), errno);
  }
  if (staged.st_dev == published.st_dev) return {};
  return ConfigurationError("tmp and objects in the storage folder " + path_.string() +
                            " lie on different file systems, so that an upload cannot be published "
                            "in one step; mount one file system on the whole folder");
}

Status StorageFolder::EmptyTmp() {
  // We hold the lock: whatever is here was being written by a process that is dead.
  const DirectoryEntries entries = ListDirectory(tmp());
  if (entries.error != 0) {
    return StorageFolderError("list", (path_ / "tmp").string(), entries.error);
  }
  for (const std::string& name : entries.names) {
    if (::unlinkat(tmp(), name.c_str(), 0) != 0 && errno != ENOENT) {
      return StorageFolderError("remove", (path_ / "tmp" / name).string(), errno);
    }
  }
  return {};
}

}  // namespace satchel
