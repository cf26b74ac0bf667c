/// The files of a SQLite database before any connection opens them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"

namespace satchel {

/// A lock on `<path>.lock`, which its process holds as long as the object lives: two processes that
/// write one file would destroy it. Not on the file itself, whose locks are SQLite's.
class SqliteFileLock {
 public:
  /// CONFIGURATION_INVALID: another process (named by its pid) has it, or it cannot be made.
  static Result<std::unique_ptr<SqliteFileLock>> Take(const std::string& path);
  ~SqliteFileLock();
  SqliteFileLock(const SqliteFileLock&) = delete;
  SqliteFileLock& operator=(const SqliteFileLock&) = delete;

 private:
  explicit SqliteFileLock(int file) : file_(file) {}

  const int file_;
};

/// The path that SQLite goes by: absolute, without symbolic links.
std::string SqlitePathOf(const std::string& path);

/// 0 for a missing file.
std::int64_t SqliteFileSize(const std::string& path);

/// Makes a missing file, readable by its owner only: the log beside it takes over its mode.
/// CONFIGURATION_INVALID: it cannot or, without `create`, shall not be made; or there is a log but
/// no file that it belongs to, which SQLite would remove.
Status MakeSqliteFile(const std::string& path, bool create);

}  // namespace satchel
