/// Conditional requests (RFC 9110 section 13). All functions are pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "transport/http/http_message.h"

namespace satchel {

/// What tells one state of a resource from another.
struct Validators {
  std::string etag;  ///< strong, with its quotes; empty: there is none
  std::chrono::sys_seconds last_modified;
};

enum class Precondition : std::uint8_t { kHolds, kNotModified, kFailed };

/// If-Match, If-Unmodified-Since, If-None-Match and If-Modified-Since, in the RFC's order.
Precondition EvaluatePreconditions(const HttpRequest& request, const Validators& validators);

/// Whether a Range header may be followed: no If-Range, or one that fits.
bool RangeMayApply(const HttpRequest& request, const Validators& validators);

}  // namespace satchel
