#include "adapters/sql/sqlite_log_sync.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace satchel {

SqlResult<std::shared_ptr<SqliteLogSync>> SqliteLogSync::Open(const std::string& log_path) {
  const int file = ::open(log_path.c_str(), O_RDWR | O_CLOEXEC);
  if (file < 0) {
    return SqlError{SqlFailure::kUnavailable,
                    log_path + ": " + std::generic_category().message(errno)};
  }
  // The log is only as durable as its name, which no sync of the file covers.
  const std::string folder = std::filesystem::path(log_path).parent_path().string();
  const int above = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool named = above >= 0 && ::fsync(above) == 0;
  const int error = errno;
  if (above >= 0) ::close(above);
  if (!named) {
    ::close(file);
    return SqlError{SqlFailure::kUnavailable,
                    "sync of " + folder + ": " + std::generic_category().message(error)};
  }
  // tidy-allow(raw-new): the constructor is private, make_shared cannot reach it
  return std::shared_ptr<SqliteLogSync>(new SqliteLogSync(file));
}

SqliteLogSync::~SqliteLogSync() { ::close(file_); }

std::uint64_t SqliteLogSync::NoteCommit() {
  const std::lock_guard lock(mutex_);
  return ++committed_;
}

bool SqliteLogSync::failed() const {
  const std::lock_guard lock(mutex_);
  return error_ != 0;
}

Status SqliteLogSync::WaitUntilDurable(std::uint64_t commit) {
  std::unique_lock lock(mutex_);
  while (durable_ < commit && error_ == 0) {
    if (syncing_) {
      synced_.wait(lock);
      continue;
    }
    syncing_ = true;
    const std::uint64_t covered = committed_;
    lock.unlock();
    const int error = ::fdatasync(file_) == 0 ? 0 : errno;
    lock.lock();
    syncing_ = false;
    error_ = error;
    if (error == 0) durable_ = covered;
    synced_.notify_all();
  }
  if (durable_ >= commit) return {};
  return ToStatus(
      {SqlFailure::kOutcomeUnknown, "sync of the log: " + std::generic_category().message(error_)});
}

}  // namespace satchel
