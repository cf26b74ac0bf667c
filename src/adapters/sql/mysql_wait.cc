#include "adapters/sql/mysql_wait.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>

namespace satchel {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

/// How late a cancelled call is noticed.
constexpr std::chrono::milliseconds kSliceMax = 50ms;

thread_local MysqlWait* current_wait = nullptr;

MysqlWait::End ReasonToEnd(const MysqlWait& wait, steady_clock::time_point now) {
  if (wait.call != nullptr && !wait.call->Check().ok()) return MysqlWait::End::kCall;
  return now >= wait.deadline ? MysqlWait::End::kTime : MysqlWait::End::kNone;
}

/// For poll(), at least 1.
int SliceOf(const MysqlWait& wait, steady_clock::time_point now) {
  steady_clock::time_point until = std::min(now + kSliceMax, wait.deadline);
  if (wait.call != nullptr) until = std::min(until, wait.call->deadline());
  const auto slice = std::chrono::ceil<std::chrono::milliseconds>(until - now);
  return static_cast<int>(std::max<std::int64_t>(slice.count(), 1));
}

}  // namespace

MysqlWaitScope::MysqlWaitScope(MysqlWait& wait) : outer_(current_wait) { current_wait = &wait; }

MysqlWaitScope::~MysqlWaitScope() { current_wait = outer_; }

int WaitForMysqlSocket(int socket, char for_reading, int) {
  MysqlWait* const wait = current_wait;
  pollfd ready{socket, static_cast<short>(for_reading != 0 ? POLLIN : POLLOUT), 0};
  if (wait == nullptr) return ::poll(&ready, 1, 0);
  const steady_clock::time_point since = steady_clock::now();
  steady_clock::time_point now = since;
  while (true) {
    wait->end = ReasonToEnd(*wait, now);
    if (wait->end != MysqlWait::End::kNone) break;
    const int count = ::poll(&ready, 1, SliceOf(*wait, now));
    if (count > 0) return 1;
    if (count < 0 && errno != EINTR) return -1;
    now = steady_clock::now();
    if (!wait->may_answer || wait->may_answer(since)) continue;
    wait->end = MysqlWait::End::kSilent;
    break;
  }
  errno = ETIMEDOUT;
  return 0;
}

}  // namespace satchel
