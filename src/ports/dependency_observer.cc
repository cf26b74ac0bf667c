#include "ports/dependency_observer.h"

namespace satchel {

std::string_view NameOf(Dependency dependency) {
  return dependency == Dependency::kObjectStore ? "object_store" : "database";
}

std::string_view NameOf(BreakerState state) {
  switch (state) {
    case BreakerState::kClosed:
      return "closed";
    case BreakerState::kHalfOpen:
      return "half_open";
    case BreakerState::kOpen:
      return "open";
  }
  return "";
}

}  // namespace satchel
