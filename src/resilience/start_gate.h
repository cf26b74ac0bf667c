/// Keeps calls away from a dependency that has not been checked yet.
#pragma once

#include <atomic>
#include <string_view>
#include <utility>

#include "resilience/call_layer.h"

namespace satchel {

/// Closed at first.
class StartGate final : public CallLayer {
 public:
  /// `closed`: what calls get until it opens.
  explicit StartGate(Status closed) : closed_(std::move(closed)) {}

  void Open() { open_.store(true, std::memory_order_release); }
  bool open() const { return open_.load(std::memory_order_acquire); }

  std::string_view name() const override { return "start-gate"; }
  Status Run(const CallContext& call, CallLength, const Next& next) override {
    return open() ? next(call) : closed_;
  }

 private:
  const Status closed_;
  std::atomic<bool> open_{false};
};

}  // namespace satchel
