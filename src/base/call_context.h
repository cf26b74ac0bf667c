/// What travels with one call through all layers: who asked, until when, whether still wanted.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <string>
#include <utility>

#include "base/status.h"

namespace satchel {

/// Shared between the transport, which may cancel, and the layers that work; thread-safe.
class CallContext {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;

  explicit CallContext(std::string request_id, SteadyTime deadline = SteadyTime::max())
      : request_id_(std::move(request_id)), deadline_(deadline) {}
  /// A part of `whole`, which must outlive it: ends with it, or earlier.
  CallContext(const CallContext& whole, SteadyTime deadline)
      : request_id_(whole.request_id_),
        deadline_(std::min(deadline, whole.deadline_)),
        whole_(&whole) {}

  const std::string& request_id() const { return request_id_; }
  SteadyTime deadline() const { return deadline_; }

  void Cancel() { cancelled_.store(true, std::memory_order_release); }
  bool cancelled() const {
    return cancelled_.load(std::memory_order_acquire) || (whole_ != nullptr && whole_->cancelled());
  }

  /// OK while the caller still waits; CANCELLED or DEADLINE_EXCEEDED after that.
  Status Check() const {
    if (cancelled()) return Status(Reason::kCancelled, "the caller cancelled the call");
    if (deadline_ != SteadyTime::max() && std::chrono::steady_clock::now() >= deadline_) {
      return Status(Reason::kDeadlineExceeded, "the caller's deadline has passed");
    }
    return {};
  }

 private:
  const std::string request_id_;
  const SteadyTime deadline_;
  const CallContext* const whole_ = nullptr;
  std::atomic<bool> cancelled_{false};
};

}  // namespace satchel
