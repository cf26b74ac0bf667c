#include "observability/metrics_registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>
#include <thread>
#include <vector>

#include "base/limits.h"
#include "support/manual_clock.h"

namespace satchel {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// 2026-11-23T22:57:00.123Z
constexpr Timestamp kNow{std::chrono::milliseconds(1795474620123)};

CallRecord Call(Operation operation, Status status = {}, bool caller_at_fault = false) {
  CallRecord record;
  record.operation = operation;
  record.user_id = "a-user";
  record.filename = "a-file.pdf";
  record.size = 4096;
  record.status = std::move(status);
  record.caller_at_fault = caller_at_fault;
  record.duration = std::chrono::milliseconds(3);
  return record;
}

Status Failed(Reason reason) { return Status(reason, "it failed"); }

class MetricsRegistryTest : public ::testing::Test {
 protected:
  MetricsRegistryTest() { clock_.JumpWall(kNow - clock_.WallNow()); }
  void End(const CallRecord& record) {
    metrics_.CallStarted(record.operation);
    metrics_.CallEnded(record);
  }
  nlohmann::json Json() const {
    return nlohmann::json::parse(metrics_.Render(MetricsFormat::kJson));
  }
  std::string Text() const { return metrics_.Render(MetricsFormat::kPrometheusText); }
  std::string OpenMetrics() const { return metrics_.Render(MetricsFormat::kOpenMetricsText); }

  ManualClock clock_;
  MetricsRegistry metrics_{"1.2.3", clock_};
};

/// Samples by name with labels, e.g. `x_total{a="b"}`; fails the test on a line of another form.
std::map<std::string, double> Samples(const std::string& text) {
  static const std::regex kSample(
      R"re(([a-z_]+(?:\{[a-z]+="[^"]*"(?:,[a-z]+="[^"]*")*\})?) (\+Inf|[-+0-9.e]+))re");
  std::map<std::string, double> samples;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("#")) continue;
    std::smatch match;
    if (!std::regex_match(line, match, kSample)) {
      ADD_FAILURE() << "no sample: " << line;
      continue;
    }
    EXPECT_TRUE(samples.emplace(match[1], std::stod(match[2])).second) << "twice: " << line;
  }
  return samples;
}

TEST_F(MetricsRegistryTest, JsonHasExactlyTheKeysOfTheContract) {
  const nlohmann::json json = Json();
  std::vector<std::string> keys;
  for (const auto& [key, value] : json.items()) keys.push_back(key);
  EXPECT_THAT(keys,
              ::testing::UnorderedElementsAre(
                  "documents_upload_total", "documents_download_total", "documents_delete_total",
                  "documents_errors_total", "documents_quota_exceeded_total",
                  "minio_unavailable_total", "database_unavailable_total",
                  "documents_operation_failures_total", "documents_storage_bytes", "last_updated"));
  for (const auto& [key, value] : json.items()) {
    if (key.ends_with("_total")) {
      EXPECT_EQ(value, 0) << key;
    }
  }
  EXPECT_EQ(json["documents_storage_bytes"],
            nlohmann::json::parse(R"({"global":0,"users":{},"users_omitted":0})"));
  EXPECT_TRUE(json["last_updated"].is_null());
}

TEST_F(MetricsRegistryTest, CountsWhatEndedWell) {
  for (int i = 0; i < 3; ++i) End(Call(Operation::kUpload));
  for (int i = 0; i < 2; ++i) End(Call(Operation::kDownload));
  End(Call(Operation::kDelete));
  End(Call(Operation::kList));
  const nlohmann::json json = Json();
  EXPECT_EQ(json["documents_upload_total"], 3);
  EXPECT_EQ(json["documents_download_total"], 2);
  EXPECT_EQ(json["documents_delete_total"], 1);
  EXPECT_EQ(json["documents_errors_total"], 0);
}

struct ErrorCase {
  Reason reason;
  bool caller_at_fault;
  int failures, quota, store, database;
};

class MetricsRegistryError : public MetricsRegistryTest,
                             public ::testing::WithParamInterface<ErrorCase> {};

TEST_P(MetricsRegistryError, IsCountedWhereItBelongs) {
  const ErrorCase& expected = GetParam();
  End(Call(Operation::kUpload, Failed(expected.reason), expected.caller_at_fault));
  const nlohmann::json json = Json();
  EXPECT_EQ(json["documents_upload_total"], 0);
  EXPECT_EQ(json["documents_errors_total"], 1);
  EXPECT_EQ(json["documents_operation_failures_total"], expected.failures);
  EXPECT_EQ(json["documents_quota_exceeded_total"], expected.quota);
  EXPECT_EQ(json["minio_unavailable_total"], expected.store);
  EXPECT_EQ(json["database_unavailable_total"], expected.database);
}

INSTANTIATE_TEST_SUITE_P(
    All, MetricsRegistryError,
    ::testing::Values(ErrorCase{Reason::kInvalidField, false, 0, 0, 0, 0},
                      ErrorCase{Reason::kUploadStreamInvalid, false, 0, 0, 0, 0},
                      ErrorCase{Reason::kFileTypeNotAllowed, false, 0, 0, 0, 0},
                      ErrorCase{Reason::kContentMismatch, false, 0, 0, 0, 0},
                      ErrorCase{Reason::kFileTooLarge, false, 0, 0, 0, 0},
                      ErrorCase{Reason::kSizeMismatch, false, 0, 0, 0, 0},
                      ErrorCase{Reason::kPageTokenInvalid, false, 0, 0, 0, 0},
                      ErrorCase{Reason::kOffsetOutOfRange, false, 0, 0, 0, 0},
                      ErrorCase{Reason::kQuotaExceeded, false, 0, 1, 0, 0},
                      ErrorCase{Reason::kDocumentNotFound, false, 0, 0, 0, 0},
                      ErrorCase{Reason::kPermissionDenied, false, 0, 0, 0, 0},
                      ErrorCase{Reason::kDocumentAlreadyExists, false, 0, 0, 0, 0},
                      ErrorCase{Reason::kObjectStoreUnavailable, false, 1, 0, 1, 0},
                      ErrorCase{Reason::kDatabaseUnavailable, false, 1, 0, 0, 1},
                      ErrorCase{Reason::kShuttingDown, false, 1, 0, 0, 0},
                      ErrorCase{Reason::kServerBusy, false, 1, 0, 0, 0},
                      ErrorCase{Reason::kDeadlineExceeded, false, 1, 0, 0, 0},
                      ErrorCase{Reason::kDeadlineExceeded, true, 0, 0, 0, 0},
                      ErrorCase{Reason::kCancelled, false, 0, 0, 0, 0},
                      ErrorCase{Reason::kCancelled, true, 0, 0, 0, 0},
                      ErrorCase{Reason::kChecksumMismatch, false, 1, 0, 0, 0},
                      ErrorCase{Reason::kUploadAborted, false, 1, 0, 0, 0},
                      ErrorCase{Reason::kInternal, false, 1, 0, 0, 0}),
    [](const auto& test) {
      return std::string(NameOf(test.param.reason)) +
             (test.param.caller_at_fault ? "_by_the_caller" : "");
    });

TEST_F(MetricsRegistryTest, StorageTotals) {
  StorageTotals totals;
  totals.total_bytes = 9007199254740993;  // one above what a double can hold
  totals.largest_users = {{UserId("\"},{\"x\u2028<script>"), 50}, {UserId("b\xFF"), 7}};
  totals.users_omitted = 4;
  metrics_.SetStorageTotals(totals, kNow);
  const nlohmann::json json = Json();
  EXPECT_EQ(json["documents_storage_bytes"]["global"], 9007199254740993);
  EXPECT_EQ(json["documents_storage_bytes"]["users"]["\"},{\"x\u2028<script>"], 50);
  EXPECT_EQ(json["documents_storage_bytes"]["users"]["b\xEF\xBF\xBD"], 7);
  EXPECT_EQ(json["documents_storage_bytes"]["users_omitted"], 4);
  EXPECT_EQ(json["last_updated"], "2026-11-23T22:57:00.123Z");
}

TEST_F(MetricsRegistryTest, ShowsTheLargestThousandUsers) {
  StorageTotals totals;
  for (int i = 0; i < kStorageMetricUsersMax + 3; ++i) {
    totals.largest_users.push_back({UserId("u" + std::to_string(i)), 5000 - i});
  }
  totals.users_omitted = 10;
  metrics_.SetStorageTotals(totals, kNow);
  const nlohmann::json storage = Json()["documents_storage_bytes"];
  EXPECT_EQ(storage["users"].size(), static_cast<std::size_t>(kStorageMetricUsersMax));
  EXPECT_TRUE(storage["users"].contains("u999"));
  EXPECT_FALSE(storage["users"].contains("u1000"));
  EXPECT_EQ(storage["users_omitted"], 13);
}

TEST_F(MetricsRegistryTest, BothTextFormatsSayWhatJsonSays) {
  End(Call(Operation::kUpload));
  End(Call(Operation::kUpload, Failed(Reason::kObjectStoreUnavailable)));
  metrics_.SetStorageTotals({4096, {{UserId("a-user"), 4096}}, 0}, kNow);
  const nlohmann::json json = Json();
  for (const std::string& text : {Text(), OpenMetrics()}) {
    const std::map<std::string, double> samples = Samples(text);
    for (const auto& [key, value] : json.items()) {
      if (key.ends_with("_total")) {
        EXPECT_EQ(samples.at(key), value.get<double>()) << key;
      }
    }
    EXPECT_EQ(samples.at("documents_storage_bytes"), 4096);
    EXPECT_EQ(samples.at("satchel_build_info{version=\"1.2.3\"}"), 1);
  }
}

TEST_F(MetricsRegistryTest, HistogramsCountEachCallOnce) {
  End(Call(Operation::kUpload));
  End(Call(Operation::kUpload));
  End(Call(Operation::kDownload, Failed(Reason::kDocumentNotFound)));
  const std::map<std::string, double> samples = Samples(Text());
  const std::string labels = "code=\"OK\",operation=\"upload\"";
  const std::string duration = "satchel_request_duration_seconds";
  EXPECT_EQ(samples.at(duration + "_count{" + labels + "}"), 2);
  EXPECT_NEAR(samples.at(duration + "_sum{" + labels + "}"), 0.006, 1e-9);
  EXPECT_EQ(samples.at(duration + "_bucket{" + labels + ",le=\"0.0025\"}"), 0);
  EXPECT_EQ(samples.at(duration + "_bucket{" + labels + ",le=\"0.005\"}"), 2);
  EXPECT_EQ(samples.at(duration + "_bucket{" + labels + ",le=\"+Inf\"}"), 2);
  EXPECT_EQ(samples.at(duration + "_count{code=\"NOT_FOUND\",operation=\"download\"}"), 1);
  EXPECT_EQ(samples.at("satchel_document_size_bytes_count{operation=\"upload\"}"), 2);
  EXPECT_EQ(samples.at("satchel_document_size_bytes_count{operation=\"download\"}"), 0);
}

TEST_F(MetricsRegistryTest, InFlightGoesUpAndDown) {
  metrics_.CallStarted(Operation::kUpload);
  metrics_.CallStarted(Operation::kUpload);
  metrics_.CallStarted(Operation::kList);
  std::map<std::string, double> samples = Samples(Text());
  EXPECT_EQ(samples.at("satchel_requests_in_flight{operation=\"upload\"}"), 2);
  EXPECT_EQ(samples.at("satchel_requests_in_flight{operation=\"list\"}"), 1);
  EXPECT_EQ(samples.at("satchel_uploads_in_progress"), 2);
  metrics_.CallEnded(Call(Operation::kUpload));
  metrics_.CallEnded(Call(Operation::kUpload, Failed(Reason::kCancelled)));
  metrics_.CallEnded(Call(Operation::kList));
  samples = Samples(Text());
  EXPECT_EQ(samples.at("satchel_requests_in_flight{operation=\"upload\"}"), 0);
  EXPECT_EQ(samples.at("satchel_requests_in_flight{operation=\"list\"}"), 0);
  EXPECT_EQ(samples.at("satchel_uploads_in_progress"), 0);
}

TEST_F(MetricsRegistryTest, OpenMetricsFollowsItsGrammar) {
  End(Call(Operation::kUpload));
  const std::string text = OpenMetrics();
  EXPECT_TRUE(text.ends_with("\n# EOF\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE documents_upload counter\ndocuments_upload_total 1\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE satchel_build info\nsatchel_build_info{"));
  EXPECT_THAT(text, HasSubstr("le=\"1024.0\""));
  EXPECT_THAT(text, Not(HasSubstr("le=\"1024\"")));
  const std::string plain = Text();
  EXPECT_THAT(plain,
              HasSubstr("# TYPE documents_upload_total counter\ndocuments_upload_total 1\n"));
  EXPECT_THAT(plain, HasSubstr("le=\"1024\""));
  EXPECT_THAT(plain, Not(HasSubstr("# EOF")));
}

TEST_F(MetricsRegistryTest, EveryFamilyHasHelpAndTypeOnce) {
  End(Call(Operation::kUpload));
  const std::string text = Text();
  std::map<std::string, int> helps, types;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string hash, kind, name, rest;
    words >> hash >> kind >> name >> rest;
    if (hash != "#") continue;
    EXPECT_FALSE(rest.empty()) << line;
    ++(kind == "HELP" ? helps : types)[name];
  }
  EXPECT_EQ(helps, types);
  for (const auto& [name, count] : helps) EXPECT_EQ(count, 1) << name;
}

TEST_F(MetricsRegistryTest, NoTextOfCallersInLabels) {
  CallRecord record = Call(Operation::kUpload, Failed(Reason::kInvalidField));
  record.user_id = "mallory\"} 1\n";
  record.request_id = "request-7";
  record.document_id = "document-8";
  End(record);
  metrics_.SetStorageTotals({1, {{UserId("mallory"), 1}}, 0}, kNow);
  metrics_.UsageRepaired(UserId("mallory"));
  for (const std::string& text : {Text(), OpenMetrics()}) {
    for (const std::string_view secret : {"mallory", "a-file", "request-7", "document-8", "user"}) {
      for (const auto& [sample, value] : Samples(text)) {
        EXPECT_THAT(sample, Not(HasSubstr(std::string(secret))));
      }
    }
  }
}

TEST_F(MetricsRegistryTest, Sweeper) {
  SweepReport report;
  report.uploads_failed = 2;
  report.rows_removed = 3;
  report.orphans_searched = true;
  report.orphans_found = 500;
  report.stop = SweepStop::kTooManyOrphans;
  metrics_.SweepEnded(report);
  std::map<std::string, double> samples = Samples(Text());
  EXPECT_EQ(samples.at("satchel_sweeper_runs_total{stop=\"too_many_orphans\"}"), 1);
  EXPECT_EQ(samples.at("satchel_sweeper_stopped{reason=\"too_many_orphans\"}"), 1);
  EXPECT_EQ(samples.at("satchel_sweeper_orphans_found"), 500);
  EXPECT_EQ(samples.at("satchel_sweeper_removed_total{kind=\"upload\"}"), 2);
  EXPECT_EQ(samples.at("satchel_sweeper_removed_total{kind=\"row\"}"), 3);
  EXPECT_EQ(samples.at("satchel_sweeper_removed_total{kind=\"orphan\"}"), 0);
  EXPECT_NEAR(samples.at("satchel_sweeper_last_run_timestamp_seconds"), 1795474620.123, 1e-3);

  metrics_.SweepEnded(SweepReport{});
  metrics_.UsageRepaired(UserId("ada"));
  samples = Samples(Text());
  EXPECT_EQ(samples.at("satchel_sweeper_stopped{reason=\"too_many_orphans\"}"), 0);
  EXPECT_EQ(samples.at("satchel_sweeper_orphans_found"), 500) << "no new search";
  EXPECT_EQ(samples.at("satchel_usage_repaired_total"), 1);
}

TEST_F(MetricsRegistryTest, Breakers) {
  metrics_.BreakerChanged(Dependency::kDatabase, BreakerState::kOpen);
  const std::map<std::string, double> samples = Samples(Text());
  EXPECT_EQ(samples.at("satchel_breaker_state{dependency=\"database\"}"), 2);
  EXPECT_EQ(samples.at("satchel_breaker_state{dependency=\"object_store\"}"), 0);
}

TEST_F(MetricsRegistryTest, CountsExactlyFromManyThreads) {
  constexpr int kThreads = 8;
  constexpr int kCalls = 2000;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([this] {
      for (int call = 0; call < kCalls; ++call) {
        End(Call(Operation::kDelete));
        End(Call(Operation::kUsage, Failed(Reason::kInternal)));
        if (call % 500 == 0) Text();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Json()["documents_delete_total"], kThreads * kCalls);
  EXPECT_EQ(Json()["documents_operation_failures_total"], kThreads * kCalls);
  const std::map<std::string, double> samples = Samples(Text());
  EXPECT_EQ(samples.at("satchel_request_duration_seconds_count{code=\"INTERNAL\","
                       "operation=\"usage\"}"),
            kThreads * kCalls);
  EXPECT_EQ(samples.at("satchel_requests_in_flight{operation=\"delete\"}"), 0);
}

TEST_F(MetricsRegistryTest, PassedCallsAreCountedApart) {
  metrics_.PassedCallStarted();
  metrics_.PassedCallStarted();
  metrics_.PassedCallEnded(StatusCode::kUnavailable, std::chrono::milliseconds(7));
  const auto samples = Samples(Text());
  EXPECT_EQ(samples.at("satchel_passed_calls_in_flight"), 1);
  EXPECT_EQ(samples.at("satchel_passed_call_duration_seconds_count{code=\"UNAVAILABLE\"}"), 1);
  EXPECT_EQ(Json()["documents_errors_total"], 0);
}

}  // namespace
}  // namespace satchel
