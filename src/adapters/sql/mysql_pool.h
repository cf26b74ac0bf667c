/// A bounded number of connections to one server, lent to one call at a time.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "adapters/sql/mysql_connection.h"
#include "adapters/sql/mysql_options.h"
#include "base/call_context.h"
#include "base/status.h"

namespace satchel {

/// Thread-safe. Connects when a connection is first needed. While the server is not reachable one
/// caller at a time tries it, for kConnectTimeMax at most; all others are refused at once.
class MysqlPool {
 public:
  static constexpr std::chrono::milliseconds kConnectTimeMax{1200};

  /// One connection, for as long as this lives. One that is broken by then is closed.
  class Lease {
   public:
    Lease(MysqlPool& pool, std::unique_ptr<MysqlConnection> connection, bool fresh)
        : pool_(&pool), connection_(std::move(connection)), fresh_(fresh) {}
    Lease(Lease&& other) = default;
    ~Lease();
    Lease& operator=(Lease&&) = delete;

    MysqlConnection& operator*() const { return *connection_; }
    MysqlConnection* operator->() const { return connection_.get(); }
    /// It was opened for this call: what fails on it is not due to its age.
    bool fresh() const { return fresh_; }

   private:
    MysqlPool* pool_;
    std::unique_ptr<MysqlConnection> connection_;  // null: moved from
    bool fresh_;
  };

  /// Both must outlive it.
  MysqlPool(const MysqlOptions& options, const std::string& ca_path);
  ~MysqlPool();

  /// DATABASE_UNAVAILABLE, or the end of the call. `refused`, which may be nullptr, is set when the
  /// server answered and an operator has to act.
  Result<Lease> Borrow(const CallContext& call, MysqlConnection::Transaction kind,
                       bool* refused = nullptr);

 private:
  struct Waiter {
    MysqlConnection::Transaction kind = MysqlConnection::Transaction::kNone;
    std::condition_variable served;
    bool may_open = false;
    std::unique_ptr<MysqlConnection> connection;
    std::optional<Status> refusal;

    bool done() const { return may_open || connection || refusal; }
  };
  using SteadyTime = MysqlWait::SteadyTime;

  /// Waits until the waiter, which is queued, is served; then it is queued no more.
  Status WaitToBeServed(std::unique_lock<std::mutex>& lock, const CallContext& call,
                        Waiter& waiter);
  /// Gives what there is to who waits longest. With the lock held, as the next three.
  void Serve();
  bool MayOpen(SteadyTime now) const;
  /// One that is set for `kind`, if there is one.
  std::unique_ptr<MysqlConnection> TakeIdle(MysqlConnection::Transaction kind);
  /// Returns the idle connections, which are of no use: to be closed without the lock.
  [[nodiscard]] std::vector<std::unique_ptr<MysqlConnection>> MarkDown(const SqlError& error);
  Result<Lease> OpenFor(const CallContext& call, bool* refused);
  void Return(std::unique_ptr<MysqlConnection> connection);
  void Arm(MysqlConnection& connection);
  /// Whether the server answers a new connection; asked by threads that wait for an old one. One
  /// asks for all.
  bool StillAnswers();
  bool AnswersNow();

  const MysqlConnection::Target target_;
  const int connections_max_;

  std::mutex mutex_;
  // Guarded by mutex_:
  std::deque<Waiter*> waiters_;
  std::vector<std::unique_ptr<MysqlConnection>> idle_;
  int open_ = 0;                // idle, lent and being opened
  int opening_ = 0;             // of these
  std::optional<Status> down_;  // why, since the last connect that got no answer
  SteadyTime try_again_at_{};   // while down_

  std::mutex question_mutex_;
  std::condition_variable question_answered_;
  // Guarded by question_mutex_:
  bool asking_ = false;
  bool answers_ = true;  // what was learned last
  SteadyTime asked_at_{};
};

}  // namespace satchel
