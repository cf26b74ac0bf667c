#include "cli/upload_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <vector>

namespace satchel::cli {
namespace {

constexpr std::size_t kSpoolBufferBytes = 256 * 1024;

// Reads until `buffer` is full or the input ends; -1: errno says why.
ssize_t ReadFully(int descriptor, std::span<char> buffer) {
  std::size_t total = 0;
  while (total < buffer.size()) {
    const ssize_t count = read(descriptor, buffer.data() + total, buffer.size() - total);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return -1;
    if (count == 0) break;
    total += static_cast<std::size_t>(count);
  }
  return static_cast<ssize_t>(total);
}

bool WriteFully(int descriptor, std::span<const char> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return true;
}

std::string TemporaryFolder() {
  const char* const folder = std::getenv("TMPDIR");
  return folder != nullptr && *folder != '\0' ? folder : "/tmp";
}

// A file without a name in `folder`; where the file system has no such thing, one whose name is
// removed at once.
UniqueDescriptor UnlinkedFile(const std::string& folder) {
  UniqueDescriptor file(open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file.valid() || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return file;
  std::string path = folder + "/satchel-XXXXXX";
  file.Reset(mkostemp(path.data(), O_CLOEXEC));
  if (file.valid()) unlink(path.c_str());
  return file;
}

}  // namespace

MaybeError UploadSource::Open(const std::string& path) {
  name_ = path == "-" ? "standard input" : path;
  descriptor_.Reset(path == "-" ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                                : open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  struct stat status {};
  if (!descriptor_.valid() || fstat(descriptor_.get(), &status) != 0) {
    return SystemError("cannot open " + name_, errno);
  }
  if (S_ISDIR(status.st_mode)) return LocalError(name_ + " is a folder");
  return std::nullopt;
}

MaybeError UploadSource::Measure() {
  struct stat status {};
  if (fstat(descriptor_.get(), &status) != 0) return SystemError("cannot read " + name_, errno);
  // Some files, as those of /proc, say 0 and have bytes all the same.
  if (S_ISREG(status.st_mode) && status.st_size > 0) {
    // Standard input may be a file that somebody has already read from.
    const off_t position = lseek(descriptor_.get(), 0, SEEK_CUR);
    if (position < 0) return SystemError("cannot read " + name_, errno);
    size_ = std::max<std::int64_t>(status.st_size - position, 0);
  } else if (MaybeError error = Spool()) {
    return error;
  }
  if (size_ == 0) return LocalError(name_ + " is empty; a document has at least one byte");
  // Advice only: what it returns changes nothing.
  static_cast<void>(posix_fadvise(descriptor_.get(), 0, 0, POSIX_FADV_SEQUENTIAL));
  return std::nullopt;
}

MaybeError UploadSource::Spool() {
  const std::string folder = TemporaryFolder();
  UniqueDescriptor file = UnlinkedFile(folder);
  if (!file.valid()) return SystemError("cannot make a temporary file in " + folder, errno);
  std::vector<char> buffer(kSpoolBufferBytes);
  for (;;) {
    const ssize_t count = ReadFully(descriptor_.get(), buffer);
    if (count < 0) return SystemError("cannot read " + name_, errno);
    if (count == 0) break;
    const auto bytes = std::span(buffer).first(static_cast<std::size_t>(count));
    if (!WriteFully(file.get(), bytes)) {
      return SystemError("cannot keep " + name_ + " in a temporary file in " + folder, errno);
    }
    size_ += count;
  }
  if (lseek(file.get(), 0, SEEK_SET) != 0) return SystemError("cannot read " + name_, errno);
  descriptor_ = std::move(file);
  return std::nullopt;
}

MaybeError UploadSource::Read(std::span<char> buffer, std::size_t* count) {
  *count = 0;
  const std::int64_t left = size_ - given_;
  // One byte more than is left shows a file that has grown.
  char surplus = 0;
  if (left == 0) {
    const ssize_t got = ReadFully(descriptor_.get(), {&surplus, 1});
    if (got < 0) return SystemError("cannot read " + name_, errno);
    return got > 0 ? ChangedError() : std::nullopt;
  }
  const auto wanted = std::min(buffer.size(), static_cast<std::size_t>(left));
  const ssize_t got = ReadFully(descriptor_.get(), buffer.first(wanted));
  if (got < 0) return SystemError("cannot read " + name_, errno);
  if (static_cast<std::size_t>(got) < wanted) return ChangedError();
  given_ += got;
  *count = wanted;
  return std::nullopt;
}

MaybeError UploadSource::ChangedError() const {
  return LocalError(name_ + " changed its size while it was read; it was " + std::to_string(size_) +
                    " bytes");
}

}  // namespace satchel::cli
