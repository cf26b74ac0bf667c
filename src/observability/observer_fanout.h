/// Tells several observers of the same calls, in order.
#pragma once

#include <utility>
#include <vector>

#include "ports/call_observer.h"

namespace satchel {

/// Thread-safe as its observers are, which must outlive it.
class ObserverFanout final : public CallObserver {
 public:
  explicit ObserverFanout(std::vector<CallObserver*> observers)
      : observers_(std::move(observers)) {}

  void CallStarted(Operation operation) override {
    for (CallObserver* observer : observers_) observer->CallStarted(operation);
  }
  void CallEnded(const CallRecord& record) override {
    for (CallObserver* observer : observers_) observer->CallEnded(record);
  }

 private:
  const std::vector<CallObserver*> observers_;
};

}  // namespace satchel
