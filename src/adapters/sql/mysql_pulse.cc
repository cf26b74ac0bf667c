#include "adapters/sql/mysql_pulse.h"

#include <algorithm>
#include <utility>

namespace satchel {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

/// Silence after which the server is asked.
constexpr std::chrono::milliseconds kSilenceMin = 300ms;
/// What it has to answer in; long enough for a machine at its limit.
constexpr std::chrono::milliseconds kAnswerTimeMax = 1200ms;
/// A question that goes on for so long after that hangs itself, in the look-up of a name.
constexpr std::chrono::milliseconds kAnswerGrace = 100ms;

}  // namespace

MysqlPulse::MysqlPulse(Question question)
    : question_(std::move(question)), thread_([this](const std::stop_token& stop) { Run(stop); }) {}

void MysqlPulse::Heard(SteadyTime at) {
  const std::lock_guard lock(mutex_);
  heard_at_ = std::max(heard_at_, at);
}

bool MysqlPulse::MayAnswer(SteadyTime since) {
  const SteadyTime now = steady_clock::now();
  if (now - since < kSilenceMin) return true;
  const std::lock_guard lock(mutex_);
  if (silent_at_ >= since) return false;
  if (asking_) {
    if (!Overdue(now)) return true;
    silent_at_ = now;
    why_ = {SqlFailure::kUnavailable, "a connection takes too long"};
    return false;
  }
  // Where others are answered it is only busy.
  if (now - heard_at_ < kSilenceMin) return true;
  asking_ = true;
  asked_at_ = now;
  answer_by_ = now + kAnswerTimeMax;
  wake_.notify_one();
  return true;
}

bool MysqlPulse::HeardSince(SteadyTime since) const {
  const std::lock_guard lock(mutex_);
  return heard_at_ >= since;
}

bool MysqlPulse::Overdue(SteadyTime now) const {
  return now >= std::max(answer_by_, heard_at_ + kAnswerTimeMax) + kAnswerGrace;
}

SqlError MysqlPulse::why() const {
  const std::lock_guard lock(mutex_);
  return why_;
}

void MysqlPulse::Run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (wake_.wait(lock, stop, [this] { return asking_; })) {
    const SteadyTime deadline = answer_by_;
    lock.unlock();
    std::optional<SqlError> failure = question_(deadline);
    lock.lock();
    if (failure && heard_at_ >= asked_at_ && steady_clock::now() >= deadline) {
      // Somebody else was answered meanwhile: the time that is left from then on decides.
      asked_at_ = steady_clock::now();
      answer_by_ = heard_at_ + kSilenceMin + kAnswerTimeMax;
      const SteadyTime rest_ends_at = answer_by_;
      lock.unlock();
      failure = question_(rest_ends_at);
      lock.lock();
    }
    Conclude(failure);
  }
}

void MysqlPulse::Conclude(const std::optional<SqlError>& failure) {
  asking_ = false;
  const SteadyTime now = steady_clock::now();
  if (!failure) {
    heard_at_ = now;
  } else if (heard_at_ < asked_at_ && now - heard_at_ >= kSilenceMin) {
    silent_at_ = now;
    why_ = *failure;
  }
}

}  // namespace satchel
