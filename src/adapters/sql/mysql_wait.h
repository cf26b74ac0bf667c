/// How a thread waits for the server inside a call of libmariadb: not longer than its caller does,
/// and not for a server that has gone silent.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

#include "base/call_context.h"

namespace satchel {

struct MysqlWait {
  using SteadyTime = std::chrono::steady_clock::time_point;

  enum class End : std::uint8_t {
    kNone,    ///< nothing was given up
    kCall,    ///< the call was cancelled, or its deadline passed
    kTime,    ///< the wait's own deadline passed
    kSilent,  ///< the server answers nobody
  };

  /// nullptr: nobody's.
  const CallContext* call = nullptr;
  SteadyTime deadline = SteadyTime::max();
  /// Asked every now and then while nothing comes, with the time since when; false: the server
  /// answers nobody. Does not block. Empty: waits.
  std::function<bool(SteadyTime)> may_answer;
  /// Why waiting ended without an answer.
  End end = End::kNone;
};

/// While it lives, this thread waits as `wait` says. They nest.
class MysqlWaitScope {
 public:
  explicit MysqlWaitScope(MysqlWait& wait);
  ~MysqlWaitScope();
  MysqlWaitScope(const MysqlWaitScope&) = delete;
  MysqlWaitScope& operator=(const MysqlWaitScope&) = delete;

 private:
  MysqlWait* const outer_;
};

/// libmariadb's MARIADB_OPT_IO_WAIT: 1 when `socket` is ready, 0 when waiting was given up. Outside
/// of any scope it does not wait at all.
int WaitForMysqlSocket(int socket, char for_reading, int library_timeout_ms);

}  // namespace satchel
