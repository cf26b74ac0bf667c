/// Port: told how what the service depends on does; feeds the metrics.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "base/status.h"

namespace satchel {

enum class Dependency : std::uint8_t { kObjectStore, kDatabase };
/// The numbers are the values of a metric.
enum class BreakerState : std::uint8_t { kClosed = 0, kHalfOpen = 1, kOpen = 2 };

/// "object_store", "database".
std::string_view NameOf(Dependency dependency);
/// "closed", "half_open", "open".
std::string_view NameOf(BreakerState state);

/// Thread-safe; never blocks on a store.
class DependencyObserver {
 public:
  virtual ~DependencyObserver() = default;
  /// A call to the dependency itself; what a breaker refused is none.
  virtual void DependencyCalled(Dependency dependency, const Status& status,
                                std::chrono::nanoseconds duration) = 0;
  virtual void BreakerChanged(Dependency dependency, BreakerState state) = 0;
};

}  // namespace satchel
