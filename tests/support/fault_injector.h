/// Makes calls to the stores fail, at a step that a test names, in each of the ways they can fail.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/call_context.h"
#include "base/status.h"

namespace satchel {

enum class Fault : std::uint8_t {
  kNotHappened,         ///< refused, and known to have had no effect
  kUnknownNotHappened,  ///< no answer; it had no effect
  kUnknownHappened,     ///< no answer; it had its effect
  kUnknownLate,         ///< no answer; it has its effect some calls later
  kCancel,              ///< the caller goes away right before the call
  kDeadline,            ///< the caller's time is up before the call
  kCrashBefore,         ///< the process dies: this call and all after it have no effect
  kCrashAfter,          ///< the process dies once the call has had its effect
};

std::string_view NameOf(Fault fault);

/// What a method answers when it fails.
struct FaultyMethod {
  std::string_view name;
  Reason refused = Reason::kNone;  ///< known to have had no effect
  Reason unknown = Reason::kNone;  ///< no answer
  bool can_be_late = false;        ///< whether its effect may come after its caller gave up
};

/// Shared by the faulty wrappers of one service, so that steps count across both stores.
/// Thread-safe; hooks are called without the lock.
class FaultInjector {
 public:
  /// From now on counts steps from 1, with no fault armed.
  void Reset();
  void Arm(int step, Fault fault);
  /// At the `occurrence`-th call of `method`, e.g. "Complete", from now on.
  void ArmMethod(std::string_view method, Fault fault, int occurrence = 1);
  /// At every call of `method`, until Reset().
  void ArmEvery(std::string_view method, Fault fault);
  /// How many calls a late effect lets pass.
  void SetLateCalls(int calls);
  void OnCancel(std::function<void()> hook);
  void OnCrash(std::function<void()> hook);
  /// Every late effect that is still to come, comes.
  void LandLateEffects();

  int steps() const;
  bool crashed() const;
  /// The methods that were called, in order.
  std::vector<std::string> trace() const;

  template <typename Answer>
  Answer Call(const CallContext& call, const FaultyMethod& method,
              std::function<Answer(const CallContext&)> effect) {
    LandDueEffects();
    const Decision decision = Decide(method);
    if (decision.dead) return Status(method.refused, "the process is dead");
    if (!decision.fault) return effect(call);
    switch (*decision.fault) {
      case Fault::kNotHappened:
        return Status(method.refused, "injected: refused");
      case Fault::kUnknownNotHappened:
        return Status(method.unknown, "injected: no answer");
      case Fault::kUnknownHappened:
        Ignore(effect(call));
        return Status(method.unknown, "injected: no answer, but it happened");
      case Fault::kUnknownLate:
        if (method.can_be_late) Delay([effect](const CallContext& late) { Ignore(effect(late)); });
        return Status(method.unknown, "injected: no answer, it will happen");
      case Fault::kCancel:
        Hook (&FaultInjector::on_cancel_)();
        return effect(call);
      case Fault::kDeadline:
        return Status(Reason::kDeadlineExceeded, "injected: too late");
      case Fault::kCrashBefore:
        Hook (&FaultInjector::on_crash_)();
        return Status(method.refused, "the process is dead");
      case Fault::kCrashAfter:
        Ignore(effect(call));
        Hook (&FaultInjector::on_crash_)();
        return Status(method.refused, "the process is dead");
    }
    return InternalError("no such fault");
  }

 private:
  using Effect = std::function<void(const CallContext&)>;
  struct Decision {
    std::optional<Fault> fault;
    bool dead = false;
  };
  struct LateEffect {
    Effect effect;
    int calls_left = 0;
  };

  template <typename Answer>
  static void Ignore(const Answer& /*answer*/) {}

  Decision Decide(const FaultyMethod& method);
  void Delay(Effect effect);
  void LandDueEffects();
  std::function<void()> Hook(std::function<void()> FaultInjector::*hook) const;

  mutable std::mutex mutex_;  ///< guards all that follows
  int step_ = 0;
  std::map<int, Fault> by_step_;
  std::map<std::string, std::map<int, Fault>> by_method_;  ///< by calls still to pass
  std::map<std::string, Fault> every_;
  std::vector<std::string> trace_;
  std::vector<LateEffect> late_;
  int late_calls_ = 1;
  bool crashed_ = false;
  std::function<void()> on_cancel_ = [] {};
  std::function<void()> on_crash_ = [] {};
};

}  // namespace satchel
