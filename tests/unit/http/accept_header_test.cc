#include "transport/http/accept_header.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace satchel::testing {
namespace {

constexpr std::array<MediaType, 3> kOffered = {{
    {"application/json", ""},
    {"text/plain", "0.0.4"},
    {"application/openmetrics-text", "1.0.0"},
}};
constexpr std::size_t kJson = 0;
constexpr std::size_t kText = 1;
constexpr std::size_t kOpenMetrics = 2;

struct AcceptCase {
  std::optional<std::string> accept;
  std::optional<std::size_t> chosen;
};

TEST(AcceptHeaderTest, FollowsTheTable) {
  const std::vector<AcceptCase> cases = {
      {std::nullopt, kJson},
      {"", kJson},
      {"  ", kJson},
      {"*/*", kJson},
      {"application/json", kJson},
      {"APPLICATION/JSON", kJson},
      {"application/*", kJson},
      {"application/json, text/plain, */*", kJson},
      {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", kJson},
      {"text/plain", kText},
      {"text/*", kText},
      {"text/plain;version=0.0.4", kText},
      {"text/plain; version=0.0.4; charset=utf-8", kText},
      {"text/plain;version=0.0.4;q=0.5", kText},
      {"text/plain;q=0.5", kText},
      {"text/plain;q=0.001", kText},
      {"application/json;q=0.2,text/plain;q=0.9", kText},
      {"text/plain;q=0.2,application/json;q=0.9", kJson},
      {"application/json;q=0, */*", kText},
      {"*/*;q=0.1, text/plain;q=0.2", kText},
      {"application/openmetrics-text", kOpenMetrics},
      // Prometheus 2
      {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;"
       "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
       kOpenMetrics},
      {"application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
       kText},
      // Prometheus 3
      {"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
       "application/openmetrics-text;version=0.0.1;q=0.5,"
       "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,"
       "*/*;q=0.2",
       kOpenMetrics},
      {"text/html", std::nullopt},
      {"*/*;q=0", std::nullopt},
      {"text/plain;q=0", std::nullopt},
      {"text/plain;q=2", std::nullopt},
      {"text/plain;q=0.0001", std::nullopt},
      {"text/plain;q=x", std::nullopt},
      {"text/plain;version=1.0.0", std::nullopt},
      {"nonsense", std::nullopt},
      {",;=,", std::nullopt},
  };
  for (const AcceptCase& expected : cases) {
    EXPECT_EQ(ChooseMediaType(expected.accept, kOffered), expected.chosen)
        << expected.accept.value_or("none");
  }
}

}  // namespace
}  // namespace satchel::testing
