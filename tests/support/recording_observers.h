/// A log and a sweep observer that keep what they are told.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "ports/event_log.h"
#include "ports/sweep_observer.h"

namespace satchel {

/// Thread-safe.
class RecordingEventLog final : public EventLog {
 public:
  struct Event {
    LogLevel level;
    std::string message;
    LogFields fields;
  };

  void Write(LogLevel level, std::string_view message, const LogFields& fields) override {
    const std::lock_guard lock(mutex_);
    events_.push_back({level, std::string(message), fields});
  }
  std::vector<Event> events() const {
    const std::lock_guard lock(mutex_);
    return events_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Event> events_;
};

/// Thread-safe.
class RecordingSweepObserver final : public SweepObserver {
 public:
  void SweepEnded(const SweepReport& report) override {
    const std::lock_guard lock(mutex_);
    reports_.push_back(report);
  }
  void UsageRepaired(const UserId& user) override {
    const std::lock_guard lock(mutex_);
    repaired_.push_back(user);
  }
  std::vector<SweepReport> reports() const {
    const std::lock_guard lock(mutex_);
    return reports_;
  }
  std::vector<UserId> repaired() const {
    const std::lock_guard lock(mutex_);
    return repaired_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<SweepReport> reports_;
  std::vector<UserId> repaired_;
};

}  // namespace satchel
