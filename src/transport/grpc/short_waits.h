/// For calls that wait a moment for what usually comes at once, and go on without it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

namespace satchel {

/// All waits are about equally long, and most are for nothing: to begin one costs less than a
/// timer, and nobody takes it back. Thread-safe. Has a thread of its own.
class ShortWaits {
 public:
  /// Who waits.
  class Waiter {
   public:
    virtual ~Waiter() = default;
    /// On the thread of this class: must be quick.
    virtual void OnWaited() = 0;
  };

  /// A wait takes as long as this, or at most 2 ms, and what the system's scheduler adds.
  static constexpr std::chrono::microseconds kLengthMin{500};

  ShortWaits();
  ~ShortWaits();
  ShortWaits(const ShortWaits&) = delete;
  ShortWaits& operator=(const ShortWaits&) = delete;

  /// Calls `waiter` once, later, unless it is gone by then.
  void Begin(std::weak_ptr<Waiter> waiter);

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  struct Wait {
    SteadyTime end;
    std::weak_ptr<Waiter> waiter;
  };

  void Run();

  std::mutex mutex_;  ///< guards what follows
  std::condition_variable changed_;
  std::deque<Wait> waits_;  ///< the first ends first
  bool idle_ = false;       ///< the thread waits for a first wait
  bool stopping_ = false;
  std::thread thread_;  ///< last: it uses all of the above
};

}  // namespace satchel
