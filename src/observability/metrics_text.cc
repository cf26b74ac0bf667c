#include "observability/metrics_text.h"

#include <prometheus/metric_family.h>

#include <charconv>
#include <cmath>
#include <string_view>

namespace satchel {
namespace {

constexpr std::string_view kTotalSuffix = "_total";
constexpr std::string_view kInfoSuffix = "_info";
/// Below this every whole number is shown with all its digits.
constexpr double kWholeNumberMax = 1e15;

std::string Number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  char text[40];
  const bool whole = std::floor(value) == value && std::abs(value) < kWholeNumberMax;
  const auto [end, error] =
      whole ? std::to_chars(text, text + sizeof(text), static_cast<long long>(value))
            : std::to_chars(text, text + sizeof(text), value);
  return error == std::errc() ? std::string(text, end) : std::string("NaN");
}

std::string Escaped(std::string_view text, bool quotes) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\n') {
      escaped.append("\\n");
      continue;
    }
    if (c == '\\' || (c == '"' && quotes)) escaped.push_back('\\');
    escaped.push_back(c);
  }
  return escaped;
}

class TextWriter {
 public:
  explicit TextWriter(MetricsFormat format)
      : open_metrics_(format == MetricsFormat::kOpenMetricsText) {}

  void Write(const prometheus::MetricFamily& family) {
    const std::string name = FamilyName(family);
    text_.append("# HELP ").append(name).append(" ");
    text_.append(Escaped(family.help, open_metrics_)).append("\n");
    text_.append("# TYPE ").append(name).append(" ").append(TypeName(family)).append("\n");
    for (const prometheus::ClientMetric& metric : family.metric) WriteMetric(family, metric);
  }

  std::string Finish() {
    if (open_metrics_) text_.append("# EOF\n");
    return std::move(text_);
  }

 private:
  bool IsInfo(const prometheus::MetricFamily& family) const {
    return open_metrics_ && family.type == prometheus::MetricType::Gauge &&
           family.name.ends_with(kInfoSuffix);
  }

  std::string FamilyName(const prometheus::MetricFamily& family) const {
    std::string name = family.name;
    if (open_metrics_ && family.type == prometheus::MetricType::Counter &&
        name.ends_with(kTotalSuffix)) {
      name.resize(name.size() - kTotalSuffix.size());
    }
    if (IsInfo(family)) name.resize(name.size() - kInfoSuffix.size());
    return name;
  }

  std::string_view TypeName(const prometheus::MetricFamily& family) const {
    if (IsInfo(family)) return "info";
    switch (family.type) {
      case prometheus::MetricType::Counter:
        return "counter";
      case prometheus::MetricType::Gauge:
        return "gauge";
      case prometheus::MetricType::Histogram:
        return "histogram";
      default:
        return open_metrics_ ? "unknown" : "untyped";
    }
  }

  void WriteMetric(const prometheus::MetricFamily& family, const prometheus::ClientMetric& metric) {
    switch (family.type) {
      case prometheus::MetricType::Counter:
        return Sample(family.name, metric, {}, Number(metric.counter.value));
      case prometheus::MetricType::Gauge:
        return Sample(family.name, metric, {}, Number(metric.gauge.value));
      case prometheus::MetricType::Histogram:
        return WriteHistogram(family.name, metric);
      default:
        return Sample(family.name, metric, {}, Number(metric.untyped.value));
    }
  }

  void WriteHistogram(const std::string& name, const prometheus::ClientMetric& metric) {
    for (const prometheus::ClientMetric::Bucket& bucket : metric.histogram.bucket) {
      std::string bound = Number(bucket.upper_bound);
      // OpenMetrics wants the canonical form of a floating-point number here.
      const bool whole = bound.find_first_not_of("0123456789") == std::string::npos;
      if (open_metrics_ && whole) bound.append(".0");
      Sample(name + "_bucket", metric, bound, std::to_string(bucket.cumulative_count));
    }
    Sample(name + "_sum", metric, {}, Number(metric.histogram.sample_sum));
    Sample(name + "_count", metric, {}, std::to_string(metric.histogram.sample_count));
  }

  void Sample(std::string_view name, const prometheus::ClientMetric& metric,
              std::string_view bucket_bound, std::string_view value) {
    text_.append(name);
    char separator = '{';
    const auto label = [&](std::string_view key, std::string_view text) {
      text_.push_back(separator);
      separator = ',';
      text_.append(key).append("=\"").append(Escaped(text, true)).append("\"");
    };
    for (const prometheus::ClientMetric::Label& one : metric.label) label(one.name, one.value);
    if (!bucket_bound.empty()) label("le", bucket_bound);
    if (separator == ',') text_.push_back('}');
    text_.append(" ").append(value).append("\n");
  }

  const bool open_metrics_;
  std::string text_;
};

}  // namespace

std::string WriteMetricsText(const std::vector<prometheus::MetricFamily>& families,
                             MetricsFormat format) {
  TextWriter writer(format);
  for (const prometheus::MetricFamily& family : families) writer.Write(family);
  return writer.Finish();
}

}  // namespace satchel
