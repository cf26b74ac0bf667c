/// A bounded number of connections to one server, lent to one call at a time.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "adapters/sql/mysql_connection.h"
#include "adapters/sql/mysql_options.h"
#include "adapters/sql/mysql_pulse.h"
#include "base/call_context.h"
#include "base/status.h"

namespace satchel {

/// Thread-safe. Connects when a connection is first needed, in threads of its own: however long
/// that takes, a caller waits no longer than its call may. While the server is not reachable one
/// connection at a time is tried; callers are refused at once.
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
    /// It was opened just now: what fails on it is not due to its age.
    bool fresh() const { return fresh_; }

   private:
    MysqlPool* pool_;
    std::unique_ptr<MysqlConnection> connection_;  // null: moved from
    bool fresh_;
  };

  /// Both must outlive it.
  MysqlPool(const MysqlOptions& options, const std::string& ca_path);
  /// All leases must have ended. Waits for a look-up of the server's name.
  ~MysqlPool();

  /// DATABASE_UNAVAILABLE, or the end of the call. `refusal`, which may be nullptr, says whether an
  /// operator has to act.
  Result<Lease> Borrow(const CallContext& call, MysqlConnection::Transaction kind,
                       MysqlRefusal* refusal = nullptr);

 private:
  using SteadyTime = MysqlWait::SteadyTime;
  using Connections = std::vector<std::unique_ptr<MysqlConnection>>;

  struct Idle {
    std::unique_ptr<MysqlConnection> connection;
    bool fresh = false;
  };
  /// Why there is no connection.
  struct Refused {
    Status status;
    MysqlRefusal refusal = MysqlRefusal::kNone;
  };
  struct Waiter {
    explicit Waiter(MysqlConnection::Transaction needed) : kind(needed) {}
    bool done() const { return got.connection || refused; }

    const MysqlConnection::Transaction kind;
    const SteadyTime since = std::chrono::steady_clock::now();
    std::condition_variable served;
    Idle got;
    std::optional<Refused> refused;
  };
  /// A connection that is being opened.
  struct Opening {
    const SteadyTime begun_at = std::chrono::steady_clock::now();
    bool over = false;    // guarded by mutex_
    std::jthread thread;  // last
  };

  /// Waits until the waiter, which is queued, is served; then it is queued no more.
  Status WaitToBeServed(std::unique_lock<std::mutex>& lock, const CallContext& call,
                        Waiter& waiter);
  // With the lock held:
  /// Gives what there is to who waits longest, and opens what is missing.
  void Serve();
  void Refuse(const Refused& why);
  bool MayTry(SteadyTime now) const;
  void StartOpening();
  /// nullopt: nothing says that waiting for a connection is in vain.
  std::optional<Refused> WhyInVain(const Waiter& waiter, SteadyTime now);
  /// One that is set for `kind`, if there is one.
  Idle TakeIdle(MysqlConnection::Transaction kind);
  /// Refuses all who wait. Returns the idle connections, which are of no use: to be closed without
  /// the lock.
  [[nodiscard]] Connections MarkDown(Refused why);
  [[nodiscard]] Connections Take(MysqlConnection::Opened opened);

  void Open(Opening& opening);
  void Return(std::unique_ptr<MysqlConnection> connection);
  /// See MysqlPulse::Question.
  std::optional<SqlError> Ask(SteadyTime deadline) const;

  const MysqlConnection::Target target_;
  const int connections_max_;
  CallContext opening_call_{"pool"};  // of all that is opened; ends with the pool

  std::mutex mutex_;
  // Guarded by mutex_:
  std::deque<Waiter*> waiters_;
  std::vector<Idle> idle_;
  int open_ = 0;                 // idle, lent and being opened
  int opening_ = 0;              // of these
  std::optional<Refused> down_;  // why, since the last sign that nobody answers
  SteadyTime down_since_{};      // while down_
  SteadyTime tried_at_{};        // when the last opening began

  MysqlPulse pulse_;
  std::list<Opening> openings_;  // guarded by mutex_; last: their threads use all of the above
};

}  // namespace satchel
