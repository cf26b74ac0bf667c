/// Makes commits in SQLite's write-ahead log survive a power loss.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "adapters/sql/sql_connection.h"

namespace satchel {

/// SQLite with `synchronous = NORMAL` writes a commit into the log and leaves the sync to others;
/// here those who need it share one, while the connection goes on writing. A log that failed to
/// sync once stays failed: the kernel calls its pages clean, and a later sync would lie. Then the
/// log has to be emptied and opened anew. Thread-safe.
class SqliteLogSync {
 public:
  /// `log_path` exists, and stays the log's file as long as the object lives.
  static SqlResult<std::shared_ptr<SqliteLogSync>> Open(const std::string& log_path);
  ~SqliteLogSync();
  SqliteLogSync(const SqliteLogSync&) = delete;
  SqliteLogSync& operator=(const SqliteLogSync&) = delete;

  /// A commit is in the log; returns its number.
  std::uint64_t NoteCommit();
  /// Blocks until this commit, and with it all before it, is on the disk. OUTCOME_UNKNOWN: the sync
  /// failed.
  Status WaitUntilDurable(std::uint64_t commit);
  bool failed() const;

 private:
  explicit SqliteLogSync(int file) : file_(file) {}

  const int file_;
  mutable std::mutex mutex_;
  std::condition_variable synced_;
  // Guarded by mutex_.
  std::uint64_t committed_ = 0;
  std::uint64_t durable_ = 0;
  bool syncing_ = false;
  int error_ = 0;  ///< errno of the sync that failed
};

}  // namespace satchel
