/// Keeps calls away from a dependency that has not been checked yet.
#pragma once

#include <atomic>
#include <mutex>
#include <string_view>
#include <utility>

#include "resilience/call_layer.h"

namespace satchel {

/// Closed at first. Thread-safe.
class StartGate final : public CallLayer {
 public:
  /// `closed`: what calls get until it opens.
  explicit StartGate(Status closed) : closed_(std::move(closed)) {}

  void Open() { open_.store(true, std::memory_order_release); }
  bool open() const { return open_.load(std::memory_order_acquire); }
  /// What calls get from now on until it opens.
  void Explain(Status closed) {
    const std::lock_guard lock(mutex_);
    closed_ = std::move(closed);
  }

  std::string_view name() const override { return "start-gate"; }
  Status Run(const CallContext& call, CallLength, const Next& next) override {
    return open() ? next(call) : closed();
  }

 private:
  Status closed() const {
    const std::lock_guard lock(mutex_);
    return closed_;
  }

  mutable std::mutex mutex_;
  Status closed_;  ///< guarded by mutex_
  std::atomic<bool> open_{false};
};

}  // namespace satchel
