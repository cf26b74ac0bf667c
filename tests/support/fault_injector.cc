#include "fault_injector.h"

namespace satchel {

std::string_view NameOf(Fault fault) {
  switch (fault) {
    case Fault::kNotHappened:
      return "NotHappened";
    case Fault::kUnknownNotHappened:
      return "UnknownNotHappened";
    case Fault::kUnknownHappened:
      return "UnknownHappened";
    case Fault::kUnknownLate:
      return "UnknownLate";
    case Fault::kCancel:
      return "Cancel";
    case Fault::kDeadline:
      return "Deadline";
    case Fault::kCrashBefore:
      return "CrashBefore";
    case Fault::kCrashAfter:
      return "CrashAfter";
  }
  return "";
}

void FaultInjector::Reset() {
  const std::lock_guard lock(mutex_);
  step_ = 0;
  by_step_.clear();
  by_method_.clear();
  every_.clear();
  trace_.clear();
  crashed_ = false;
}

void FaultInjector::Arm(int step, Fault fault) {
  const std::lock_guard lock(mutex_);
  by_step_[step] = fault;
}

void FaultInjector::ArmMethod(std::string_view method, Fault fault, int occurrence) {
  const std::lock_guard lock(mutex_);
  by_method_[std::string(method)][occurrence] = fault;
}

void FaultInjector::ArmEvery(std::string_view method, Fault fault) {
  const std::lock_guard lock(mutex_);
  every_[std::string(method)] = fault;
}

void FaultInjector::SetLateCalls(int calls) {
  const std::lock_guard lock(mutex_);
  late_calls_ = calls;
}

void FaultInjector::OnCancel(std::function<void()> hook) {
  const std::lock_guard lock(mutex_);
  on_cancel_ = std::move(hook);
}

void FaultInjector::OnCrash(std::function<void()> hook) {
  const std::lock_guard lock(mutex_);
  on_crash_ = std::move(hook);
}

void FaultInjector::LandLateEffects() {
  std::vector<LateEffect> due;
  {
    const std::lock_guard lock(mutex_);
    due.swap(late_);
  }
  const CallContext call("late");
  for (const LateEffect& late : due) late.effect(call);
}

int FaultInjector::steps() const {
  const std::lock_guard lock(mutex_);
  return step_;
}

bool FaultInjector::crashed() const {
  const std::lock_guard lock(mutex_);
  return crashed_;
}

std::vector<std::string> FaultInjector::trace() const {
  const std::lock_guard lock(mutex_);
  return trace_;
}

FaultInjector::Decision FaultInjector::Decide(const FaultyMethod& method) {
  const std::lock_guard lock(mutex_);
  Decision decision;
  decision.dead = crashed_;
  if (crashed_) return decision;
  ++step_;
  const std::string name(method.name);
  trace_.push_back(name);
  if (const auto found = by_step_.find(step_); found != by_step_.end()) {
    decision.fault = found->second;
  }
  if (const auto found = every_.find(name); found != every_.end()) decision.fault = found->second;
  std::map<int, Fault> later;
  for (const auto& [calls_left, fault] : by_method_[name]) {
    if (calls_left == 1) {
      decision.fault = fault;
    } else {
      later[calls_left - 1] = fault;
    }
  }
  by_method_[name] = std::move(later);
  crashed_ = decision.fault == Fault::kCrashBefore || decision.fault == Fault::kCrashAfter;
  return decision;
}

void FaultInjector::Delay(Effect effect) {
  const std::lock_guard lock(mutex_);
  late_.push_back({std::move(effect), late_calls_});
}

void FaultInjector::LandDueEffects() {
  std::vector<LateEffect> due;
  {
    const std::lock_guard lock(mutex_);
    std::vector<LateEffect> waiting;
    for (LateEffect& late : late_) {
      (late.calls_left-- == 0 ? due : waiting).push_back(std::move(late));
    }
    late_ = std::move(waiting);
  }
  const CallContext call("late");
  for (const LateEffect& late : due) late.effect(call);
}

std::function<void()> FaultInjector::Hook(std::function<void()> FaultInjector::*hook) const {
  const std::lock_guard lock(mutex_);
  return this->*hook;
}

}  // namespace satchel
