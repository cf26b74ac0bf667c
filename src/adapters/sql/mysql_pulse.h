/// Whether a server that keeps somebody waiting still answers anybody.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "adapters/sql/sql_connection.h"

namespace satchel {

/// Thread-safe. Owns a thread that asks the server while somebody waits for it in silence, so that
/// nobody who waits is held up by the question.
class MysqlPulse {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;
  /// Asks the server, until `deadline`; what failed when it does not answer.
  using Question = std::function<std::optional<SqlError>(SteadyTime deadline)>;

  explicit MysqlPulse(Question question);
  /// The question that is being asked has to end first.
  ~MysqlPulse() = default;
  MysqlPulse(const MysqlPulse&) = delete;
  MysqlPulse& operator=(const MysqlPulse&) = delete;

  /// The server has answered something then.
  void Heard(SteadyTime at);
  bool HeardSince(SteadyTime since) const;
  /// For who has waited in silence since `since`: false: in vain, the server answers nobody. To be
  /// asked again and again; does not block.
  bool MayAnswer(SteadyTime since);
  /// Why it was last said to answer nobody.
  SqlError why() const;

 private:
  void Run(const std::stop_token& stop);
  void Conclude(const std::optional<SqlError>& failure);
  bool Overdue(SteadyTime now) const;

  const Question question_;

  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  // Guarded by mutex_:
  bool asking_ = false;
  SteadyTime asked_at_{};   // when the last question began
  SteadyTime answer_by_{};  // when it ends, unless it hangs
  SteadyTime heard_at_{};   // the last sign of life
  SteadyTime silent_at_{};  // when it was last said to answer nobody
  SqlError why_;

  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace satchel
