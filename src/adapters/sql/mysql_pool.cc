#include "adapters/sql/mysql_pool.h"

#include <algorithm>
#include <utility>

namespace satchel {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

/// A server that works, and only has much to do, is waited for.
constexpr std::chrono::seconds kBusyTimeMax = 10s;
/// How late a cancelled call is noticed.
constexpr std::chrono::milliseconds kSliceMax = 50ms;
/// For so long after a connect that got no answer nobody tries another.
constexpr std::chrono::milliseconds kDownTime = 100ms;
/// The connect that asks whether a silent server still answers.
constexpr std::chrono::milliseconds kQuestionTimeMax = 1s;
/// For so long an answer is good for all.
constexpr std::chrono::milliseconds kAnswerAgeMax = 250ms;

Status AllBusy() {
  return ToStatus({SqlFailure::kUnavailable, "every connection of the pool is in use"});
}

}  // namespace

MysqlPool::Lease::~Lease() {
  if (connection_) pool_->Return(std::move(connection_));
}

MysqlPool::MysqlPool(const MysqlOptions& options, const std::string& ca_path)
    : target_{options, ca_path}, connections_max_(std::max(options.connections_max, 1)) {}

MysqlPool::~MysqlPool() = default;

Result<MysqlPool::Lease> MysqlPool::Borrow(const CallContext& call,
                                           MysqlConnection::Transaction kind, bool* refused) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  std::unique_lock lock(mutex_);
  Waiter waiter;
  waiter.kind = kind;
  waiters_.push_back(&waiter);
  Serve();
  SATCHEL_RETURN_IF_ERROR(WaitToBeServed(lock, call, waiter));
  if (waiter.connection) {
    lock.unlock();
    if (waiter.connection->IsQuiet()) return Lease(*this, std::move(waiter.connection), false);
    // The server closed it meanwhile; its place in the pool goes to a new one.
    waiter.connection.reset();
    lock.lock();
    if (down_ && !MayOpen(steady_clock::now())) {
      --open_;
      return *down_;
    }
    ++opening_;
  }
  lock.unlock();
  return OpenFor(call, refused);
}

Status MysqlPool::WaitToBeServed(std::unique_lock<std::mutex>& lock, const CallContext& call,
                                 Waiter& waiter) {
  const SteadyTime give_up_at = steady_clock::now() + kBusyTimeMax;
  Status result;
  while (result.ok() && !waiter.done()) {
    const SteadyTime now = steady_clock::now();
    waiter.served.wait_until(lock, std::min({now + kSliceMax, give_up_at, call.deadline()}));
    if (waiter.done()) break;
    result = call.Check();
    if (result.ok() && steady_clock::now() >= give_up_at) result = AllBusy();
  }
  std::erase(waiters_, &waiter);
  return waiter.refusal ? *waiter.refusal : result;
}

void MysqlPool::Serve() {
  while (!waiters_.empty()) {
    Waiter& first = *waiters_.front();
    if (!idle_.empty()) {
      first.connection = TakeIdle(first.kind);
    } else if (open_ < connections_max_ && MayOpen(steady_clock::now())) {
      ++open_;
      ++opening_;
      first.may_open = true;
    } else if (down_) {
      first.refusal = down_;
    } else {
      return;
    }
    waiters_.pop_front();
    first.served.notify_one();
  }
}

std::unique_ptr<MysqlConnection> MysqlPool::TakeIdle(MysqlConnection::Transaction kind) {
  auto chosen = std::find_if(idle_.rbegin(), idle_.rend(),
                             [&](const auto& connection) { return connection->IsSetFor(kind); });
  if (chosen == idle_.rend()) chosen = idle_.rbegin();
  std::swap(*chosen, idle_.back());
  std::unique_ptr<MysqlConnection> connection = std::move(idle_.back());
  idle_.pop_back();
  return connection;
}

bool MysqlPool::MayOpen(SteadyTime now) const {
  return !down_ || (opening_ == 0 && now >= try_again_at_);
}

std::vector<std::unique_ptr<MysqlConnection>> MysqlPool::MarkDown(const SqlError& error) {
  down_ = ToStatus(error);
  try_again_at_ = steady_clock::now() + kDownTime;
  open_ -= static_cast<int>(idle_.size());
  std::vector<std::unique_ptr<MysqlConnection>> useless = std::exchange(idle_, {});
  Serve();
  return useless;
}

Result<MysqlPool::Lease> MysqlPool::OpenFor(const CallContext& call, bool* refused) {
  auto opened = MysqlConnection::Open(target_, steady_clock::now() + kConnectTimeMax, &call);
  std::unique_lock lock(mutex_);
  --opening_;
  if (auto* connection = std::get_if<std::unique_ptr<MysqlConnection>>(&opened)) {
    down_.reset();
    Serve();
    lock.unlock();
    Arm(**connection);
    return Lease(*this, std::move(*connection), true);
  }
  const auto& failure = std::get<MysqlConnection::OpenFailure>(opened);
  --open_;
  if (refused != nullptr) *refused = failure.refusal != MysqlRefusal::kNone;
  std::vector<std::unique_ptr<MysqlConnection>> useless;
  // A caller that gave up has not found out whether the server is there.
  if (failure.answered) {
    down_.reset();
  } else if (failure.error.failure != SqlFailure::kInterrupted) {
    useless = MarkDown(failure.error);
  }
  Serve();
  lock.unlock();
  return ToStatus(failure.error);
}

void MysqlPool::Arm(MysqlConnection& connection) {
  connection.AskWhenSilent([this] { return StillAnswers(); });
}

void MysqlPool::Return(std::unique_ptr<MysqlConnection> connection) {
  if (connection->broken()) connection.reset();
  const std::lock_guard lock(mutex_);
  if (connection) {
    idle_.push_back(std::move(connection));
    down_.reset();
  } else {
    --open_;
  }
  Serve();
}

bool MysqlPool::AnswersNow() {
  const auto opened =
      MysqlConnection::Open(target_, steady_clock::now() + kQuestionTimeMax, nullptr);
  const auto* failure = std::get_if<MysqlConnection::OpenFailure>(&opened);
  if (failure == nullptr || failure->answered) return true;
  std::vector<std::unique_ptr<MysqlConnection>> useless;
  const std::lock_guard lock(mutex_);
  useless = MarkDown(failure->error);
  return false;
}

bool MysqlPool::StillAnswers() {
  std::unique_lock lock(question_mutex_);
  if (asking_) {
    question_answered_.wait(lock, [&] { return !asking_; });
    return answers_;
  }
  if (steady_clock::now() - asked_at_ < kAnswerAgeMax) return answers_;
  asking_ = true;
  lock.unlock();
  const bool answers = AnswersNow();
  lock.lock();
  asking_ = false;
  answers_ = answers;
  asked_at_ = steady_clock::now();
  question_answered_.notify_all();
  return answers;
}

}  // namespace satchel
