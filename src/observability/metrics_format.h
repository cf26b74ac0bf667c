/// The encodings of /metrics.
#pragma once

#include <cstdint>

namespace satchel {

enum class MetricsFormat : std::uint8_t { kJson, kPrometheusText, kOpenMetricsText };

}  // namespace satchel
