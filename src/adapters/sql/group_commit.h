/// Concurrent writers share one commit: whoever waits first runs the operations of all.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "adapters/sql/sql_database.h"
#include "adapters/sql/sqlite_log_sync.h"
#include "base/call_context.h"
#include "base/status.h"

namespace satchel {

/// Thread-safe. Only one batch runs at a time.
class GroupCommit {
 public:
  /// One caller's operation, and what it gets back.
  struct Write {
    const CallContext& call;
    const SqlOperation& operation;
    Status result;
    /// It ran to its end, so that its result may come from what others of its batch wrote.
    bool ran = false;
    /// Where the commit is, when the result is OK.
    std::shared_ptr<SqliteLogSync> log;
    std::uint64_t commit = 0;
  };
  /// Runs and commits all of them, and sets each result.
  using RunBatch = std::function<void(std::span<Write* const>)>;
  /// Runs between batches. All callers of the batch before have their answers but one: the thread
  /// that led it also runs this.
  using Maintain = std::function<void()>;

  static constexpr std::size_t kBatchOperationsMax = 128;

  GroupCommit(RunBatch run_batch, Maintain maintain)
      : run_batch_(std::move(run_batch)), maintain_(std::move(maintain)) {}

  /// Blocks until the write is committed, undone, or its deadline passed before it began.
  void Run(Write& write);

 private:
  struct Waiter {
    Write& write;
    bool taken = false;
    bool done = false;
    std::condition_variable changed;
  };

  /// Waits until `waiter` is done, leads, or gave up; false: it gave up.
  bool WaitForTurn(std::unique_lock<std::mutex>& lock, Waiter& waiter);
  void Lead(std::unique_lock<std::mutex>& lock, Waiter& leader);

  const RunBatch run_batch_;
  const Maintain maintain_;
  std::mutex mutex_;
  std::deque<Waiter*> queue_;  // guarded by mutex_; the front one leads
};

}  // namespace satchel
