/// A dependency observer that keeps what it is told.
#pragma once

#include <mutex>
#include <vector>

#include "ports/dependency_observer.h"

namespace satchel {

/// Thread-safe.
class RecordingDependencyObserver final : public DependencyObserver {
 public:
  void DependencyCalled(Dependency /*dependency*/, const Status& status,
                        std::chrono::nanoseconds /*duration*/) override {
    const std::lock_guard lock(mutex_);
    calls_.push_back(status);
  }
  void BreakerChanged(Dependency /*dependency*/, BreakerState state) override {
    const std::lock_guard lock(mutex_);
    changes_.push_back(state);
  }
  std::vector<Status> calls() const {
    const std::lock_guard lock(mutex_);
    return calls_;
  }
  std::vector<BreakerState> changes() const {
    const std::lock_guard lock(mutex_);
    return changes_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Status> calls_;
  std::vector<BreakerState> changes_;
};

}  // namespace satchel
