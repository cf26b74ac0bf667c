#include "adapters/sql/sqlite_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "base/text.h"

namespace satchel {
namespace {

Status CannotUse(const std::string& what, const std::string& path, int error) {
  return ConfigurationError("cannot " + what + " " + path + ": " +
                            std::generic_category().message(error) +
                            "; this user must be able to write the folder that the database is in");
}

std::string OwnerOf(int lock_file) {
  std::array<char, 32> content{};
  const ssize_t length = ::pread(lock_file, content.data(), content.size(), 0);
  const std::string_view pid =
      TrimAscii({content.data(), length > 0 ? static_cast<std::size_t>(length) : std::size_t{0}});
  if (pid.empty() || pid.find_first_not_of("0123456789") != std::string_view::npos) {
    return "another process";
  }
  return "process " + std::string(pid);
}

}  // namespace

Result<std::unique_ptr<SqliteFileLock>> SqliteFileLock::Take(const std::string& path) {
  const std::string lock_path = path + ".lock";
  const int file =
      ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
  if (file < 0) return CannotUse("open", lock_path, errno);
  // tidy-allow(raw-new): the constructor is private, make_unique cannot reach it
  std::unique_ptr<SqliteFileLock> lock(new SqliteFileLock(file));
  while (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) return CannotUse("lock", lock_path, errno);
    return ConfigurationError("the database file " + path + " is in use by " + OwnerOf(file) +
                              "; stop that one, or name another file in MICROSERVICE_DATABASE");
  }
  // The pid is for people: a disk that is full now is told by what needs it.
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(file, 0) == 0) (void)!::pwrite(file, pid.data(), pid.size(), 0);
  return lock;
}

SqliteFileLock::~SqliteFileLock() { ::close(file_); }

std::string SqlitePathOf(const std::string& path) {
  std::error_code error;
  const std::filesystem::path canonical = std::filesystem::weakly_canonical(path, error);
  return error ? path : std::filesystem::absolute(canonical, error).string();
}

std::int64_t SqliteFileSize(const std::string& path) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  return error ? 0 : static_cast<std::int64_t>(size);
}

Status MakeSqliteFile(const std::string& path, bool create) {
  const std::string log = path + "-wal";
  if (SqliteFileSize(path) == 0 && SqliteFileSize(log) != 0) {
    return ConfigurationError(
        "the database file " + path + " is missing or empty, but " + log +
        " holds documents of it: put the file back, or, to go on with a backup of it, move " + log +
        " and " + path + "-shm away first");
  }
  if (!create) {
    if (SqliteFileSize(path) != 0) return {};
    return ConfigurationError("there is no database file " + path +
                              "; satchel serve and satchel migrate deploy make it");
  }
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file >= 0) {
    ::close(file);
    return {};
  }
  // Never open an existing one here: closing it would drop SQLite's locks on it.
  if (errno == EEXIST) return {};
  return ConfigurationError("the database file " + path + " cannot be made")
      .WithCause(std::generic_category().message(errno));
}

}  // namespace satchel
