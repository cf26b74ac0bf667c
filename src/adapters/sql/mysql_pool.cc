#include "adapters/sql/mysql_pool.h"

#include <algorithm>
#include <system_error>
#include <utility>

namespace satchel {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

/// A server that works, and only has much to do, is waited for.
constexpr std::chrono::seconds kBusyTimeMax = 10s;
/// How late it is noticed that waiting is in vain, or no longer wanted.
constexpr std::chrono::milliseconds kSliceMax = 50ms;
/// For so long after a sign that nobody answers no connection is tried.
constexpr std::chrono::milliseconds kDownTime = 100ms;
/// For so long callers wait for a connection that is tried while the server is down.
constexpr std::chrono::milliseconds kTryPatience = 300ms;
/// An opening that takes so much longer than it may hangs in the look-up of a name.
constexpr std::chrono::milliseconds kOpeningGrace = 100ms;

Status UnavailableBecause(std::string why) {
  return ToStatus({SqlFailure::kUnavailable, std::move(why)});
}

}  // namespace

MysqlPool::Lease::~Lease() {
  if (connection_) pool_->Return(std::move(connection_));
}

MysqlPool::MysqlPool(const MysqlOptions& options, const std::string& ca_path)
    : target_{options, ca_path},
      connections_max_(std::max(options.connections_max, 1)),
      pulse_([this](SteadyTime deadline) { return Ask(deadline); }) {}

MysqlPool::~MysqlPool() { opening_call_.Cancel(); }

Result<MysqlPool::Lease> MysqlPool::Borrow(const CallContext& call,
                                           MysqlConnection::Transaction kind,
                                           MysqlRefusal* refusal) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  Waiter waiter(kind);
  std::unique_lock lock(mutex_);
  waiters_.push_back(&waiter);
  while (true) {
    Serve();
    Status served = WaitToBeServed(lock, call, waiter);
    if (waiter.refused && refusal != nullptr) *refusal = waiter.refused->refusal;
    if (!served.ok()) return served;
    lock.unlock();
    Idle got = std::exchange(waiter.got, {});
    if (got.fresh || got.connection->IsQuiet()) {
      return Lease(*this, std::move(got.connection), got.fresh);
    }
    // The server closed it meanwhile; its place in the pool goes to a new one.
    got.connection.reset();
    lock.lock();
    --open_;
    waiters_.push_front(&waiter);
  }
}

Status MysqlPool::WaitToBeServed(std::unique_lock<std::mutex>& lock, const CallContext& call,
                                 Waiter& waiter) {
  const SteadyTime give_up_at = waiter.since + kBusyTimeMax;
  while (!waiter.done()) {
    const SteadyTime slice_ends_at = steady_clock::now() + kSliceMax;
    waiter.served.wait_until(lock, std::min({slice_ends_at, give_up_at, call.deadline()}));
    if (waiter.done()) break;
    const SteadyTime now = steady_clock::now();
    Status over = call.Check();
    if (over.ok() && now >= give_up_at) {
      over = UnavailableBecause("every connection of the pool is in use");
    }
    if (!over.ok()) {
      std::erase(waiters_, &waiter);
      return over;
    }
    if (std::optional<Refused> why = WhyInVain(waiter, now)) {
      const Connections useless = MarkDown(*std::move(why));
      lock.unlock();
    } else {
      Serve();
    }
    if (!lock.owns_lock()) lock.lock();
  }
  return waiter.refused ? waiter.refused->status : Status();
}

std::optional<MysqlPool::Refused> MysqlPool::WhyInVain(const Waiter& waiter, SteadyTime now) {
  if (!pulse_.MayAnswer(waiter.since)) return Refused{ToStatus(pulse_.why())};
  const auto is_late = [&](const Opening& opening) {
    return !opening.over && now - opening.begun_at >= kConnectTimeMax + kOpeningGrace &&
           !pulse_.HeardSince(opening.begun_at);
  };
  if (!down_ && std::any_of(openings_.begin(), openings_.end(), is_late)) {
    return Refused{UnavailableBecause("a connection takes too long")};
  }
  return std::nullopt;
}

void MysqlPool::Serve() {
  while (!waiters_.empty()) {
    const SteadyTime now = steady_clock::now();
    if (!idle_.empty()) {
      Waiter& first = *waiters_.front();
      waiters_.pop_front();
      first.got = TakeIdle(first.kind);
      first.served.notify_one();
    } else if (down_) {
      if (MayTry(now)) {
        StartOpening();
      } else if (opening_ > 0 && now - tried_at_ < kTryPatience) {
        return;
      } else {
        Refuse(*down_);
      }
    } else if (open_ < connections_max_ && opening_ < static_cast<int>(waiters_.size())) {
      StartOpening();
    } else {
      return;
    }
  }
}

void MysqlPool::Refuse(const Refused& why) {
  Waiter& first = *waiters_.front();
  waiters_.pop_front();
  first.refused = why;
  first.served.notify_one();
}

MysqlPool::Idle MysqlPool::TakeIdle(MysqlConnection::Transaction kind) {
  auto chosen = std::find_if(idle_.rbegin(), idle_.rend(),
                             [&](const Idle& idle) { return idle.connection->IsSetFor(kind); });
  if (chosen == idle_.rend()) chosen = idle_.rbegin();
  std::swap(*chosen, idle_.back());
  Idle taken = std::move(idle_.back());
  idle_.pop_back();
  return taken;
}

bool MysqlPool::MayTry(SteadyTime now) const {
  return opening_ == 0 && open_ < connections_max_ && now - down_since_ >= kDownTime;
}

MysqlPool::Connections MysqlPool::MarkDown(Refused why) {
  down_ = std::move(why);
  down_since_ = steady_clock::now();
  open_ -= static_cast<int>(idle_.size());
  Connections useless;
  for (Idle& idle : std::exchange(idle_, {})) useless.push_back(std::move(idle.connection));
  while (!waiters_.empty()) Refuse(*down_);
  return useless;
}

void MysqlPool::StartOpening() {
  std::erase_if(openings_, [](const Opening& opening) { return opening.over; });
  Opening& opening = openings_.emplace_back();
  tried_at_ = opening.begun_at;
  ++open_;
  ++opening_;
  try {
    opening.thread = std::jthread([this, &opening] { Open(opening); });
  } catch (const std::system_error& error) {
    openings_.pop_back();
    --open_;
    --opening_;
    Refuse({UnavailableBecause(std::string("no thread to connect in: ").append(error.what()))});
  }
}

void MysqlPool::Open(Opening& opening) {
  auto opened = MysqlConnection::Open(target_, opening.begun_at + kConnectTimeMax, &opening_call_);
  {
    std::unique_lock lock(mutex_);
    const Connections useless = Take(std::move(opened));
    lock.unlock();
  }
  const std::lock_guard lock(mutex_);
  opening.over = true;
}

MysqlPool::Connections MysqlPool::Take(MysqlConnection::Opened opened) {
  --opening_;
  Connections useless;
  if (auto* connection = std::get_if<std::unique_ptr<MysqlConnection>>(&opened)) {
    (*connection)->AskWhenSilent([this](SteadyTime since) { return pulse_.MayAnswer(since); });
    pulse_.Heard((*connection)->heard_at());
    idle_.push_back({std::move(*connection), !waiters_.empty()});
    down_.reset();
    Serve();
    return useless;
  }
  const auto& failure = std::get<MysqlConnection::OpenFailure>(opened);
  --open_;
  Refused refused{ToStatus(failure.error), failure.refusal};
  if (failure.answered) {
    pulse_.Heard(steady_clock::now());
    down_.reset();
    if (!waiters_.empty()) Refuse(refused);
    Serve();
  } else if (failure.error.failure != SqlFailure::kInterrupted) {
    useless = MarkDown(std::move(refused));
  }
  return useless;
}

void MysqlPool::Return(std::unique_ptr<MysqlConnection> connection) {
  const SteadyTime heard_at = connection->heard_at();
  pulse_.Heard(heard_at);
  Connections useless;
  std::unique_lock lock(mutex_);
  // What was lent before the server fell silent, and has not been answered since, is of no use.
  const bool usable = !connection->broken() && (!down_ || heard_at > down_since_);
  if (usable) {
    idle_.push_back({std::move(connection), false});
    down_.reset();
    Serve();
    return;
  }
  --open_;
  if (connection->fell_silent()) {
    useless = MarkDown({ToStatus(pulse_.why())});
  } else {
    Serve();
  }
  lock.unlock();
  connection.reset();
}

std::optional<SqlError> MysqlPool::Ask(SteadyTime deadline) const {
  return MysqlConnection::Knock(target_, deadline, &opening_call_);
}

}  // namespace satchel
