#include "observability/metrics_format.h"

#include <gtest/gtest.h>

#include <string>

namespace satchel {
namespace {

struct AcceptCase {
  std::string_view name;
  std::string_view accept;
  MetricsFormat expected;
};

class Negotiation : public ::testing::TestWithParam<AcceptCase> {};

TEST_P(Negotiation, ChoosesTheFormat) {
  EXPECT_EQ(NegotiateMetricsFormat(GetParam().accept), GetParam().expected);
}

constexpr MetricsFormat kJson = MetricsFormat::kJson;
constexpr MetricsFormat kText = MetricsFormat::kPrometheusText;
constexpr MetricsFormat kOpen = MetricsFormat::kOpenMetricsText;

INSTANTIATE_TEST_SUITE_P(
    All, Negotiation,
    ::testing::Values(
        AcceptCase{"none", "", kJson}, AcceptCase{"any", "*/*", kJson},
        AcceptCase{"json", "application/json", kJson}, AcceptCase{"text", "text/plain", kText},
        AcceptCase{"text_version", "text/plain;version=0.0.4", kText},
        AcceptCase{"case", "Text/Plain; Version=0.0.4", kText},
        AcceptCase{"prometheus_2",
                   "application/openmetrics-text;version=1.0.0,"
                   "application/openmetrics-text;version=0.0.1;q=0.75,"
                   "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                   kOpen},
        AcceptCase{"prometheus_3",
                   "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;q=0.7,"
                   "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
                   "text/plain;version=1.0.0;q=0.4,*/*;q=0.2",
                   kOpen},
        AcceptCase{"browser", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
                   kJson},
        AcceptCase{"axios", "application/json, text/plain, */*", kJson},
        AcceptCase{"weights", "application/json;q=0.2,text/plain;q=0.9", kText},
        AcceptCase{"weights_reversed", "text/plain;q=0.2 , application/json; q=0.9", kJson},
        AcceptCase{"refused", "text/plain;q=0, application/json;q=0.1", kJson},
        AcceptCase{"all_refused", "text/plain;q=0", kJson},
        AcceptCase{"unknown", "image/png", kJson},
        AcceptCase{"bad_weight", "text/plain;q=much,application/json;q=0.1", kJson},
        AcceptCase{"weight_above_one", "text/plain;q=7,application/json;q=0.1", kJson},
        AcceptCase{"not_a_number", "text/plain;q=nan,application/json;q=0.1", kJson},
        AcceptCase{"garbage", ",;,;;q=,,=\"", kJson}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(MetricsFormat, ContentTypes) {
  EXPECT_EQ(ContentTypeOf(kJson), "application/json");
  EXPECT_EQ(ContentTypeOf(kText), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(ContentTypeOf(kOpen), "application/openmetrics-text; version=1.0.0; charset=utf-8");
}

}  // namespace
}  // namespace satchel
