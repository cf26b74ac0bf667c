/// Metric families in Prometheus' text formats.
#pragma once

#include <string>
#include <vector>

#include "observability/metrics_format.h"

namespace prometheus {
struct MetricFamily;
}

namespace satchel {

/// Prometheus text 0.0.4, or OpenMetrics 1.0 for kOpenMetricsText: counters of that one are named
/// without `_total`, and it ends with `# EOF`. Counters, gauges and histograms only.
std::string WriteMetricsText(const std::vector<prometheus::MetricFamily>& families,
                             MetricsFormat format);

}  // namespace satchel
