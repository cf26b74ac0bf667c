#include "observability/metrics_registry.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/limits.h"
#include "observability/call_outcome.h"
#include "observability/metrics_text.h"

namespace satchel {
namespace {

constexpr std::array kAllOperations = {Operation::kUpload, Operation::kDownload, Operation::kDelete,
                                       Operation::kList,   Operation::kUrl,      Operation::kUsage};
constexpr std::array kAllSweepStops = {
    SweepStop::kNone,          SweepStop::kCallFailed,     SweepStop::kStoreIdMismatch,
    SweepStop::kDatabaseEmpty, SweepStop::kTooManyOrphans, SweepStop::kClocksDiffer,
    SweepStop::kLeaseHeld,     SweepStop::kCancelled};
constexpr std::array kAllDependencies = {Dependency::kObjectStore, Dependency::kDatabase};

template <typename Enum>
constexpr std::size_t Index(Enum value) {
  return static_cast<std::size_t>(value);
}

/// An operator should look into these; the others are everyday.
bool IsAlarm(SweepStop stop) {
  return stop != SweepStop::kNone && stop != SweepStop::kLeaseHeld && stop != SweepStop::kCancelled;
}

const prometheus::Histogram::BucketBoundaries& DurationBuckets() {
  static const prometheus::Histogram::BucketBoundaries seconds = {
      0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300};
  return seconds;
}

const prometheus::Histogram::BucketBoundaries& SizeBuckets() {
  static const prometheus::Histogram::BucketBoundaries bytes = {
      1024,    4096,     16384,    65536,     262144,    1048576,
      4194304, 16777216, 52428800, 104857600, 1073741824};
  return bytes;
}

double Seconds(Timestamp time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

std::int64_t Whole(const prometheus::Counter* counter) {
  return static_cast<std::int64_t>(counter->Value());
}

}  // namespace

MetricsRegistry::MetricsRegistry(std::string_view version, const Clock& clock)
    : clock_(clock), registry_(std::make_unique<prometheus::Registry>()) {
  RegisterCallMetrics();
  RegisterSweeperMetrics();
  RegisterPassedCallMetrics();
  RegisterStateMetrics(version);
}

MetricsRegistry::~MetricsRegistry() = default;

prometheus::Counter* MetricsRegistry::AddCounter(const std::string& name, const std::string& help) {
  return &prometheus::BuildCounter().Name(name).Help(help).Register(*registry_).Add({});
}

prometheus::Gauge* MetricsRegistry::AddGauge(const std::string& name, const std::string& help) {
  return &prometheus::BuildGauge().Name(name).Help(help).Register(*registry_).Add({});
}

void MetricsRegistry::RegisterCallMetrics() {
  counters_.operations = {AddCounter("documents_upload_total", "Documents uploaded"),
                          AddCounter("documents_download_total", "Downloads that ended OK"),
                          AddCounter("documents_delete_total", "Documents deleted")};
  counters_.errors = AddCounter("documents_errors_total", "Calls that ended with an error");
  counters_.failures = AddCounter("documents_operation_failures_total",
                                  "Calls that failed without a fault of the caller");
  counters_.quota_exceeded =
      AddCounter("documents_quota_exceeded_total", "Uploads refused since the quota is used up");
  counters_.store_unavailable = AddCounter(
      "minio_unavailable_total", "Calls that failed since the object store could not be used");
  counters_.database_unavailable = AddCounter(
      "database_unavailable_total", "Calls that failed since the database could not be used");

  auto& in_flight = prometheus::BuildGauge()
                        .Name("satchel_requests_in_flight")
                        .Help("Calls that have begun and not ended, by operation")
                        .Register(*registry_);
  for (const Operation operation : kAllOperations) {
    in_flight_[Index(operation)] = &in_flight.Add({{"operation", std::string(NameOf(operation))}});
  }
  uploads_in_progress_ =
      AddGauge("satchel_uploads_in_progress", "Uploads that have begun and not ended");
  durations_ = &prometheus::BuildHistogram()
                    .Name("satchel_request_duration_seconds")
                    .Help("Duration of calls to their end, by operation and status code")
                    .Register(*registry_);
  auto& sizes = prometheus::BuildHistogram()
                    .Name("satchel_document_size_bytes")
                    .Help("Size of documents that were uploaded or downloaded")
                    .Register(*registry_);
  uploaded_size_ = &sizes.Add({{"operation", "upload"}}, SizeBuckets());
  downloaded_size_ = &sizes.Add({{"operation", "download"}}, SizeBuckets());
}

void MetricsRegistry::RegisterSweeperMetrics() {
  auto& runs = prometheus::BuildCounter()
                   .Name("satchel_sweeper_runs_total")
                   .Help("Runs of the sweeper, by why they stopped early (none: they did not)")
                   .Register(*registry_);
  auto& stopped = prometheus::BuildGauge()
                      .Name("satchel_sweeper_stopped")
                      .Help("1 while the last run of the sweeper stopped for this reason")
                      .Register(*registry_);
  for (const SweepStop stop : kAllSweepStops) {
    const std::string reason(NameOf(stop));
    sweeper_.runs[Index(stop)] = &runs.Add({{"stop", reason}});
    if (IsAlarm(stop)) sweeper_.stopped[Index(stop)] = &stopped.Add({{"reason", reason}});
  }
  sweeper_.last_run = AddGauge("satchel_sweeper_last_run_timestamp_seconds",
                               "When the last run of the sweeper ended, in Unix time");
  sweeper_.orphans_found = AddGauge("satchel_sweeper_orphans_found",
                                    "Versions without a row that the last search found");
  sweeper_.row_failures = AddGauge("satchel_sweeper_row_failures",
                                   "Rows and orphans that the last run could not clean up");
  auto& removed = prometheus::BuildCounter()
                      .Name("satchel_sweeper_removed_total")
                      .Help("What the sweeper ended or removed: dead uploads, rows, orphans")
                      .Register(*registry_);
  sweeper_.uploads_failed = &removed.Add({{"kind", "upload"}});
  sweeper_.rows_removed = &removed.Add({{"kind", "row"}});
  sweeper_.orphans_removed = &removed.Add({{"kind", "orphan"}});
  sweeper_.usage_repaired = AddCounter("satchel_usage_repaired_total",
                                       "Usage counters that were wrong and have been recounted");
}

void MetricsRegistry::RegisterStateMetrics(std::string_view version) {
  storage_bytes_ = AddGauge("documents_storage_bytes", "Bytes of all stored documents");
  storage_read_at_ = AddGauge("satchel_storage_read_timestamp_seconds",
                              "When documents_storage_bytes was read, in Unix time; 0: never");
  auto& breakers = prometheus::BuildGauge()
                       .Name("satchel_breaker_state")
                       .Help("Circuit breaker: 0 closed, 1 half open, 2 open")
                       .Register(*registry_);
  auto& calls = prometheus::BuildHistogram()
                    .Name("satchel_dependency_call_duration_seconds")
                    .Help("Duration of single calls to a remote store or database")
                    .Register(*registry_);
  auto& failures = prometheus::BuildCounter()
                       .Name("satchel_dependency_failures_total")
                       .Help("Single calls to a remote store or database that could not be made")
                       .Register(*registry_);
  for (const Dependency dependency : kAllDependencies) {
    const std::string name(NameOf(dependency));
    breakers_[Index(dependency)] = &breakers.Add({{"dependency", name}});
    dependency_durations_[Index(dependency)] =
        &calls.Add({{"dependency", name}}, DurationBuckets());
    dependency_failures_[Index(dependency)] = &failures.Add({{"dependency", name}});
  }
  prometheus::BuildGauge()
      .Name("satchel_build_info")
      .Help("Always 1; the label names the running version")
      .Register(*registry_)
      .Add({{"version", std::string(version)}})
      .Set(1);
}

prometheus::Histogram& MetricsRegistry::DurationHistogram(Operation operation, StatusCode code) {
  auto& slot = duration_histograms_[Index(operation)][Index(code)];
  prometheus::Histogram* histogram = slot.load(std::memory_order_acquire);
  if (histogram == nullptr) {
    // Add() returns the same histogram to whoever asks for the same labels.
    histogram = &durations_->Add(
        {{"operation", std::string(NameOf(operation))}, {"code", std::string(NameOf(code))}},
        DurationBuckets());
    slot.store(histogram, std::memory_order_release);
  }
  return *histogram;
}

void MetricsRegistry::CallStarted(Operation operation) {
  in_flight_[Index(operation)]->Increment();
  if (operation == Operation::kUpload) uploads_in_progress_->Increment();
}

void MetricsRegistry::CallEnded(const CallRecord& record) {
  const Operation operation = record.operation;
  const Reason reason = record.status.reason();
  if (record.status.ok()) {
    if (Index(operation) < counters_.operations.size()) {
      counters_.operations[Index(operation)]->Increment();
    }
    const auto bytes = static_cast<double>(record.size);
    if (operation == Operation::kUpload) uploaded_size_->Observe(bytes);
    if (operation == Operation::kDownload) downloaded_size_->Observe(bytes);
  } else {
    counters_.errors->Increment();
    if (OutcomeOf(record) == CallOutcome::kFailure) counters_.failures->Increment();
    if (reason == Reason::kQuotaExceeded) counters_.quota_exceeded->Increment();
    if (reason == Reason::kObjectStoreUnavailable) counters_.store_unavailable->Increment();
    if (reason == Reason::kDatabaseUnavailable) counters_.database_unavailable->Increment();
  }
  DurationHistogram(operation, record.status.code())
      .Observe(std::chrono::duration<double>(record.duration).count());
  in_flight_[Index(operation)]->Decrement();
  if (operation == Operation::kUpload) uploads_in_progress_->Decrement();
}

void MetricsRegistry::SweepEnded(const SweepReport& report) {
  sweeper_.runs[Index(report.stop)]->Increment();
  for (const SweepStop stop : kAllSweepStops) {
    prometheus::Gauge* const stopped = sweeper_.stopped[Index(stop)];
    if (stopped != nullptr) stopped->Set(stop == report.stop ? 1 : 0);
  }
  sweeper_.last_run->Set(Seconds(clock_.WallNow()));
  sweeper_.row_failures->Set(static_cast<double>(report.row_failures));
  if (report.orphans_searched) {
    sweeper_.orphans_found->Set(static_cast<double>(report.orphans_found));
  }
  sweeper_.uploads_failed->Increment(static_cast<double>(report.uploads_failed));
  sweeper_.rows_removed->Increment(static_cast<double>(report.rows_removed));
  sweeper_.orphans_removed->Increment(static_cast<double>(report.orphans_removed));
}

void MetricsRegistry::UsageRepaired(const UserId& /*user*/) {
  sweeper_.usage_repaired->Increment();
}

void MetricsRegistry::RegisterPassedCallMetrics() {
  passed_calls_in_flight_ = AddGauge("satchel_passed_calls_in_flight",
                                     "Calls passed to UPSTREAM_GRPC that have not ended");
  passed_call_durations_ = &prometheus::BuildHistogram()
                                .Name("satchel_passed_call_duration_seconds")
                                .Help("Duration of calls passed to UPSTREAM_GRPC, by status code")
                                .Register(*registry_);
}

prometheus::Histogram& MetricsRegistry::PassedCallHistogram(StatusCode code) {
  auto& slot = passed_call_histograms_[Index(code)];
  prometheus::Histogram* histogram = slot.load(std::memory_order_acquire);
  if (histogram == nullptr) {
    histogram =
        &passed_call_durations_->Add({{"code", std::string(NameOf(code))}}, DurationBuckets());
    slot.store(histogram, std::memory_order_release);
  }
  return *histogram;
}

void MetricsRegistry::PassedCallStarted() { passed_calls_in_flight_->Increment(); }

void MetricsRegistry::PassedCallEnded(StatusCode code, std::chrono::nanoseconds duration) {
  PassedCallHistogram(code).Observe(std::chrono::duration<double>(duration).count());
  passed_calls_in_flight_->Decrement();
}

void MetricsRegistry::SetStorageTotals(StorageTotals totals, Timestamp read_at) {
  const std::size_t users_max = kStorageMetricUsersMax;
  if (totals.largest_users.size() > users_max) {
    totals.users_omitted += static_cast<std::int64_t>(totals.largest_users.size() - users_max);
    totals.largest_users.resize(users_max);
  }
  storage_bytes_->Set(static_cast<double>(totals.total_bytes));
  storage_read_at_->Set(Seconds(read_at));
  const std::lock_guard lock(mutex_);
  totals_ = std::move(totals);
  totals_read_at_ = read_at;
}

void MetricsRegistry::DependencyCalled(Dependency dependency, const Status& status,
                                       std::chrono::nanoseconds duration) {
  dependency_durations_[Index(dependency)]->Observe(
      std::chrono::duration<double>(duration).count());
  if (status.code() == StatusCode::kUnavailable || status.Is(Reason::kOutcomeUnknown)) {
    dependency_failures_[Index(dependency)]->Increment();
  }
}

void MetricsRegistry::BreakerChanged(Dependency dependency, BreakerState state) {
  breakers_[Index(dependency)]->Set(static_cast<double>(state));
}

std::string MetricsRegistry::Render(MetricsFormat format) const {
  if (format == MetricsFormat::kJson) return RenderJson();
  return WriteMetricsText(registry_->Collect(), format);
}

std::string MetricsRegistry::RenderJson() const {
  nlohmann::ordered_json json;
  json["documents_upload_total"] = Whole(counters_.operations[Index(Operation::kUpload)]);
  json["documents_download_total"] = Whole(counters_.operations[Index(Operation::kDownload)]);
  json["documents_delete_total"] = Whole(counters_.operations[Index(Operation::kDelete)]);
  json["documents_errors_total"] = Whole(counters_.errors);
  json["documents_operation_failures_total"] = Whole(counters_.failures);
  json["documents_quota_exceeded_total"] = Whole(counters_.quota_exceeded);
  json["minio_unavailable_total"] = Whole(counters_.store_unavailable);
  json["database_unavailable_total"] = Whole(counters_.database_unavailable);

  // Filled as the vector that it is: emplace() searches all of it for the key.
  nlohmann::ordered_json::object_t users;
  nlohmann::ordered_json last_updated;
  std::unique_lock lock(mutex_);
  for (const StorageTotals::User& user : totals_.largest_users) {
    users.emplace_back(user.user.value(), user.bytes);
  }
  if (totals_read_at_) last_updated = FormatTimestamp(*totals_read_at_);
  json["documents_storage_bytes"] = {{"global", totals_.total_bytes},
                                     {"users", std::move(users)},
                                     {"users_omitted", totals_.users_omitted}};
  lock.unlock();
  json["last_updated"] = std::move(last_updated);
  // A name that is not UTF-8 (another program's row) must not make the page fail.
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace satchel
