/// Where a coroutine waits for its gRPC stream, and where a watcher may end that wait.
#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "base/status.h"

namespace satchel {

/// One outstanding read or write at a time. Thread-safe: the reactor reports, the coroutine waits,
/// the watcher interrupts.
class StreamGate {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;

  /// Before StartRead or StartWrite.
  void Begin();
  /// From OnReadDone or OnWriteDone.
  void Arrived(bool ok);
  /// The result of the operation begun last; at once when it has arrived already, otherwise when
  /// it does, or with the status of Interrupt(). The operation may be outstanding after that.
  boost::asio::awaitable<Result<bool>> Wait();
  /// Ends this wait and all later ones with `status`; the first interruption stays.
  void Interrupt(Status status);
  /// Since when the coroutine has been waiting; nullopt: it works.
  std::optional<SteadyTime> waiting_since() const;
  /// What Interrupt() was given first; OK: nothing.
  Status interruption() const;

 private:
  class Waiter {
   public:
    virtual ~Waiter() = default;
    virtual void Resume(Result<bool> result) = 0;
  };

  template <typename Handler>
  class HandlerWaiter final : public Waiter {
   public:
    explicit HandlerWaiter(Handler handler) : handler_(std::move(handler)) {}
    void Resume(Result<bool> result) override {
      // Never inline: gRPC's thread must not run the coroutine's blocking work.
      auto executor = boost::asio::get_associated_executor(handler_);
      boost::asio::post(executor,
                        [handler = std::move(handler_), result = std::move(result)]() mutable {
                          std::move(handler)(std::move(result));
                        });
    }

   private:
    Handler handler_;
  };

  void Park(std::unique_ptr<Waiter> waiter);

  mutable std::mutex mutex_;
  std::unique_ptr<Waiter> waiter_;
  std::optional<bool> arrived_;
  std::optional<SteadyTime> waiting_since_;
  Status interruption_;
};

}  // namespace satchel
