#include "observability/metrics_format.h"

#include <charconv>
#include <optional>
#include <string>

#include "base/text.h"

namespace satchel {
namespace {

std::optional<MetricsFormat> FormatOfRange(std::string_view range) {
  if (range == "*/*" || range == "application/*" || range == "application/json") {
    return MetricsFormat::kJson;
  }
  if (range == "text/plain" || range == "text/*") return MetricsFormat::kPrometheusText;
  if (range == "application/openmetrics-text") return MetricsFormat::kOpenMetricsText;
  return std::nullopt;
}

/// The part of `text` before `separator`, which is taken off `text` with it.
std::string_view TakeUntil(std::string_view& text, char separator) {
  const std::size_t end = text.find(separator);
  const std::string_view part = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return TrimAscii(part);
}

/// The weight among `parameters`; 1 when there is none, 0 (not wanted) when it is malformed.
double WeightOf(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::string_view parameter = TakeUntil(parameters, ';');
    if (!parameter.starts_with("q=") && !parameter.starts_with("Q=")) continue;
    const std::string_view text = parameter.substr(2);
    double weight = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), weight);
    const bool valid = error == std::errc() && rest == text.data() + text.size();
    return valid && weight >= 0 && weight <= 1 ? weight : 0;
  }
  return 1;
}

}  // namespace

std::string_view ContentTypeOf(MetricsFormat format) {
  switch (format) {
    case MetricsFormat::kJson:
      return "application/json";
    case MetricsFormat::kPrometheusText:
      return "text/plain; version=0.0.4; charset=utf-8";
    case MetricsFormat::kOpenMetricsText:
      return "application/openmetrics-text; version=1.0.0; charset=utf-8";
  }
  return "application/json";
}

MetricsFormat NegotiateMetricsFormat(std::string_view accept) {
  MetricsFormat chosen = MetricsFormat::kJson;
  double best = 0;
  while (!accept.empty()) {
    std::string_view parameters = TakeUntil(accept, ',');
    const std::string range = ToLowerAscii(TakeUntil(parameters, ';'));
    const std::optional<MetricsFormat> format = FormatOfRange(range);
    const double weight = WeightOf(parameters);
    if (!format || weight <= best) continue;
    best = weight;
    chosen = *format;
  }
  return chosen;
}

}  // namespace satchel
