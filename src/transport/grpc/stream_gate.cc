#include "transport/grpc/stream_gate.h"

namespace satchel {

void StreamGate::Begin() {
  const std::lock_guard lock(mutex_);
  arrived_.reset();
}

void StreamGate::Arrived(bool ok) {
  std::unique_ptr<Waiter> waiter;
  {
    const std::lock_guard lock(mutex_);
    waiter = std::move(waiter_);
    waiting_since_.reset();
    if (waiter == nullptr) arrived_ = ok;
  }
  if (waiter != nullptr) waiter->Resume(ok);
}

boost::asio::awaitable<Result<bool>> StreamGate::Wait() {
  {
    const std::lock_guard lock(mutex_);
    if (!interruption_.ok()) co_return interruption_;
    if (arrived_) co_return *std::exchange(arrived_, std::nullopt);
  }
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>,
                                                 void(Result<bool>)>(
      [this]<typename Handler>(Handler&& handler) {
        Park(
            std::make_unique<HandlerWaiter<std::decay_t<Handler>>>(std::forward<Handler>(handler)));
      },
      boost::asio::use_awaitable);
}

void StreamGate::Park(std::unique_ptr<Waiter> waiter) {
  std::optional<Result<bool>> result;
  {
    const std::lock_guard lock(mutex_);
    if (!interruption_.ok()) {
      result = interruption_;
    } else if (arrived_) {
      result = *std::exchange(arrived_, std::nullopt);
    } else {
      waiter_ = std::move(waiter);
      waiting_since_ = std::chrono::steady_clock::now();
      return;
    }
  }
  waiter->Resume(*std::move(result));
}

void StreamGate::Interrupt(Status status) {
  std::unique_ptr<Waiter> waiter;
  {
    const std::lock_guard lock(mutex_);
    if (interruption_.ok()) interruption_ = status;
    waiter = std::move(waiter_);
    waiting_since_.reset();
  }
  if (waiter != nullptr) waiter->Resume(std::move(status));
}

std::optional<StreamGate::SteadyTime> StreamGate::waiting_since() const {
  const std::lock_guard lock(mutex_);
  return waiting_since_;
}

Status StreamGate::interruption() const {
  const std::lock_guard lock(mutex_);
  return interruption_;
}

}  // namespace satchel
