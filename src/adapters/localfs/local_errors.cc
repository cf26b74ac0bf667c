#include "adapters/localfs/local_errors.h"

#include <cerrno>
#include <chrono>
#include <cstring>

namespace satchel {
namespace {

// A disk does not empty or heal itself in an instant: clients that come back at once only add load.
constexpr std::chrono::seconds kRetryAfterFull{30};
constexpr std::chrono::seconds kRetryAfterFailure{5};

bool IsFull(int error) { return error == ENOSPC || error == EDQUOT || error == EFBIG; }

/// Errors that no state of the disk or of the machine can cause.
bool IsBug(int error) {
  switch (error) {
    case EBADF:
    case EFAULT:
    case EINVAL:
    case ENAMETOOLONG:
    case EEXIST:
      return true;
    default:
      return false;
  }
}

std::string_view Advice(int error) {
  switch (error) {
    case EACCES:
    case EPERM:
      return "give the folder and everything in it to the user that runs satchel";
    case EROFS:
      return "the file system is mounted read-only: mount it writable or name another folder";
    case ENOTDIR:
      return "name a folder, not a file, in STORAGE_DIR";
    case ELOOP:
      return "nothing inside the storage folder may be a symbolic link: put the real file or "
             "folder there";
    case ENOSPC:
    case EDQUOT:
      return "the disk is full: make room or name another folder in STORAGE_DIR";
    case EMFILE:
    case ENFILE:
      return "raise the limit of open files (ulimit -n); satchel needs at least 1024";
    case ENOLCK:
    case EINVAL:
    case EOPNOTSUPP:
      return "this file system lacks what satchel needs: use a local one such as ext4, xfs or "
             "btrfs";
    default:
      return "check the disk and STORAGE_DIR";
  }
}

}  // namespace

std::string DescribeErrno(int error) {
  const char* name = ::strerrorname_np(error);
  const char* text = ::strerrordesc_np(error);
  if (name == nullptr || text == nullptr) return "error " + std::to_string(error);
  return std::string(text) + " (" + name + ")";
}

Status LocalStoreError(std::string_view operation, std::string_view path, int error) {
  std::string cause;
  cause.append(operation).append(" ").append(path).append(": ").append(DescribeErrno(error));
  if (IsBug(error)) return InternalError(std::move(cause));
  if (IsFull(error)) {
    return Status(Reason::kObjectStoreUnavailable,
                  "the object store is full; try again when the operator has made room")
        .WithCause(std::move(cause))
        .WithRetryAfter(kRetryAfterFull);
  }
  return Status(Reason::kObjectStoreUnavailable, "the object store cannot be used now; try again")
      .WithCause(std::move(cause))
      .WithRetryAfter(kRetryAfterFailure);
}

Status StorageFolderError(std::string_view operation, std::string_view path, int error) {
  std::string message = "cannot ";
  message.append(operation).append(" ").append(path).append(": ").append(DescribeErrno(error));
  message.append("; ").append(Advice(error));
  return ConfigurationError(std::move(message));
}

}  // namespace satchel
