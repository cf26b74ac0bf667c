#include "cli/download_target.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/identifiers.h"
#include "base/text.h"

namespace satchel::cli {
namespace {

MaybeError WriteFully(int descriptor, std::string_view bytes, std::string_view name) {
  while (!bytes.empty()) {
    const ssize_t count = write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return SystemError("cannot write " + std::string(name), errno);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return std::nullopt;
}

bool IsForbidden(char32_t code_point) {
  const bool separator = code_point == U'/' || code_point == U'\\';
  const bool control = code_point < 0x20 || (code_point >= 0x7F && code_point <= 0x9F);
  const bool bidirectional = (code_point >= 0x202A && code_point <= 0x202E) ||
                             (code_point >= 0x2066 && code_point <= 0x2069);
  return separator || control || bidirectional;
}

}  // namespace

bool IsSafeFilename(std::string_view name) {
  if (name.empty() || name == "." || name == "..") return false;
  for (std::size_t position = 0; position < name.size();) {
    const std::optional<char32_t> code_point = DecodeUtf8(name, &position);
    if (!code_point || IsForbidden(*code_point)) return false;
  }
  return true;
}

MaybeError DescriptorTarget::Write(std::string_view bytes) {
  return WriteFully(descriptor_, bytes, "standard output");
}

MaybeError FileTarget::Prepare() {
  const std::size_t slash = path_.rfind('/');
  const std::string folder =
      slash == std::string::npos ? "." : path_.substr(0, slash == 0 ? 1 : slash);
  folder_.Reset(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder_.valid()) return SystemError("cannot open the folder " + folder, errno);
  part_name_ = ".satchel-" + SecureIdGenerator().RandomHex() + ".part";
  cleanup_ = std::make_unique<InterruptCleanup>(folder_.get(), part_name_);
  if (auto error = cleanup_->Start()) return error;
  if (path_.empty()) return std::nullopt;
  name_ = slash == std::string::npos ? path_ : path_.substr(slash + 1);
  if (name_.empty() || name_ == "." || name_ == "..") return LocalError(path_ + " is a folder");
  return CheckFree();
}

MaybeError FileTarget::Begin(const document::DocumentInfo& info) {
  if (path_.empty()) {
    if (!IsSafeFilename(info.filename())) {
      return LocalError("the server names the document \"" + info.filename() +
                        "\", which is no safe file name: give -o FILE");
    }
    path_ = name_ = info.filename();
    if (auto error = CheckFree()) return error;
  }
  file_.Reset(cleanup_->CreateFile());
  if (!file_.valid()) return SystemError("cannot make a file in the folder of " + path_, errno);
  part_exists_ = true;
  return std::nullopt;
}

MaybeError FileTarget::CheckFree() const {
  struct stat status {};
  if (fstatat(folder_.get(), name_.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return std::nullopt;
    return SystemError("cannot look at " + path_, errno);
  }
  if (S_ISDIR(status.st_mode)) return LocalError(path_ + " is a folder");
  if (!S_ISREG(status.st_mode) && !S_ISLNK(status.st_mode)) {
    return LocalError(path_ + " is not a regular file: use -o - and redirect standard output");
  }
  if (!force_) return LocalError(path_ + " exists already: give --force to replace it");
  return std::nullopt;
}

MaybeError FileTarget::Write(std::string_view bytes) {
  return WriteFully(file_.get(), bytes, path_);
}

MaybeError FileTarget::Commit() {
  // Some file systems report only here that the bytes did not fit.
  if (close(file_.Release()) != 0) return SystemError("cannot write " + path_, errno);
  if (const int error = Rename(); error == EEXIST) {
    return LocalError(path_ + " has come to exist meanwhile: give --force to replace it");
  } else if (error != 0) {
    return SystemError("cannot name the file " + path_, error);
  }
  part_exists_ = false;
  cleanup_.reset();
  return std::nullopt;
}

// 0 or errno.
int FileTarget::Rename() const {
  const int folder = folder_.get();
  if (force_) {
    return renameat(folder, part_name_.c_str(), folder, name_.c_str()) == 0 ? 0 : errno;
  }
  if (renameat2(folder, part_name_.c_str(), folder, name_.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  // A file system without that flag: a hard link does not replace either.
  if (linkat(folder, part_name_.c_str(), folder, name_.c_str(), 0) != 0) return errno;
  return unlinkat(folder, part_name_.c_str(), 0) == 0 ? 0 : errno;
}

void FileTarget::Discard() {
  if (part_exists_) unlinkat(folder_.get(), part_name_.c_str(), 0);
  part_exists_ = false;
  cleanup_.reset();
}

}  // namespace satchel::cli
