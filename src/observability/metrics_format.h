/// The encodings of /metrics, and which one a client asked for.
#pragma once

#include <cstdint>
#include <string_view>

namespace satchel {

enum class MetricsFormat : std::uint8_t { kJson, kPrometheusText, kOpenMetricsText };

/// The Content-Type header of a body in this format.
std::string_view ContentTypeOf(MetricsFormat format);

/// Chooses by an Accept header (RFC 9110 section 12.5.1), which may be empty: the format with the
/// highest weight, of equals the one named first. A range that matches several (`*/*`) means JSON.
/// JSON too when nothing fits: a wrong header should not cost an operator the numbers.
MetricsFormat NegotiateMetricsFormat(std::string_view accept);

}  // namespace satchel
