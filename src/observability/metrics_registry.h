/// All figures of the service: one registry, three encodings (JSON, Prometheus, OpenMetrics).
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/time.h"
#include "observability/metrics_format.h"
#include "ports/call_observer.h"
#include "ports/dependency_observer.h"
#include "ports/metadata_store.h"
#include "ports/passed_call_observer.h"
#include "ports/sweep_observer.h"

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
class Registry;
template <typename T>
class Family;
}  // namespace prometheus

namespace satchel {

/// Counts calls as follows.
///   documents_{upload,download,delete}_total  calls that ended OK
///   documents_errors_total                    calls that did not, cancelled and stalled ones too
///   documents_operation_failures_total        of these the ones that OutcomeOf() calls kFailure
///   documents_quota_exceeded_total            QUOTA_EXCEEDED
///   minio_unavailable_total                   OBJECT_STORE_UNAVAILABLE, of either kind of store
///   database_unavailable_total                DATABASE_UNAVAILABLE
/// Calls that are passed to the upstream are counted apart, and in none of the above.
/// No label ever holds text of a caller: all label values come from enums.
///
/// Thread-safe. Observing a call takes well below a microsecond and allocates nothing, but for the
/// first call of each operation and code.
class MetricsRegistry final : public CallObserver,
                              public SweepObserver,
                              public DependencyObserver,
                              public PassedCallObserver {
 public:
  /// `clock` must outlive the registry.
  MetricsRegistry(std::string_view version, const Clock& clock);
  ~MetricsRegistry() override;
  MetricsRegistry(const MetricsRegistry&) = delete;
  MetricsRegistry& operator=(const MetricsRegistry&) = delete;

  void CallStarted(Operation operation) override;
  void CallEnded(const CallRecord& record) override;
  void SweepEnded(const SweepReport& report) override;
  void UsageRepaired(const UserId& user) override;
  void DependencyCalled(Dependency dependency, const Status& status,
                        std::chrono::nanoseconds duration) override;
  /// Closed until it is told otherwise.
  void BreakerChanged(Dependency dependency, BreakerState state) override;
  void PassedCallStarted() override;
  void PassedCallEnded(StatusCode code, std::chrono::nanoseconds duration) override;

  /// What the database said at `read_at`; shown until the next time.
  void SetStorageTotals(StorageTotals totals, Timestamp read_at);

  /// The body of /metrics. JSON has the keys of the API's contract: those above, and
  /// documents_storage_bytes {global, users, users_omitted}, last_updated (null until the first
  /// SetStorageTotals()).
  std::string Render(MetricsFormat format) const;

 private:
  static constexpr std::size_t kOperations = 6;
  static constexpr std::size_t kCodes = 16;
  static constexpr std::size_t kSweepStops = 8;
  static constexpr std::size_t kDependencies = 2;

  struct Counters {
    std::array<prometheus::Counter*, 3> operations{};  ///< upload, download, delete
    prometheus::Counter* errors = nullptr;
    prometheus::Counter* failures = nullptr;
    prometheus::Counter* quota_exceeded = nullptr;
    prometheus::Counter* store_unavailable = nullptr;
    prometheus::Counter* database_unavailable = nullptr;
  };
  struct Sweeper {
    std::array<prometheus::Counter*, kSweepStops> runs{};
    std::array<prometheus::Gauge*, kSweepStops> stopped{};  ///< null: no reason for an alarm
    prometheus::Gauge* last_run = nullptr;
    prometheus::Gauge* orphans_found = nullptr;
    prometheus::Gauge* row_failures = nullptr;
    prometheus::Counter* uploads_failed = nullptr;
    prometheus::Counter* rows_removed = nullptr;
    prometheus::Counter* orphans_removed = nullptr;
    prometheus::Counter* usage_repaired = nullptr;
  };

  void RegisterCallMetrics();
  void RegisterSweeperMetrics();
  void RegisterPassedCallMetrics();
  void RegisterStateMetrics(std::string_view version);
  prometheus::Histogram& PassedCallHistogram(StatusCode code);
  prometheus::Counter* AddCounter(const std::string& name, const std::string& help);
  prometheus::Gauge* AddGauge(const std::string& name, const std::string& help);
  prometheus::Histogram& DurationHistogram(Operation operation, StatusCode code);
  std::string RenderJson() const;

  const Clock& clock_;
  const std::unique_ptr<prometheus::Registry> registry_;
  Counters counters_;
  Sweeper sweeper_;
  std::array<prometheus::Gauge*, kOperations> in_flight_{};
  prometheus::Gauge* uploads_in_progress_ = nullptr;
  prometheus::Histogram* uploaded_size_ = nullptr;
  prometheus::Histogram* downloaded_size_ = nullptr;
  prometheus::Gauge* storage_bytes_ = nullptr;
  prometheus::Gauge* storage_read_at_ = nullptr;
  std::array<prometheus::Gauge*, kDependencies> breakers_{};
  std::array<prometheus::Histogram*, kDependencies> dependency_durations_{};
  std::array<prometheus::Counter*, kDependencies> dependency_failures_{};
  prometheus::Family<prometheus::Histogram>* durations_ = nullptr;
  /// Filled as pairs come up, so that a scrape is not mostly zeros.
  std::array<std::array<std::atomic<prometheus::Histogram*>, kCodes>, kOperations>
      duration_histograms_{};
  prometheus::Gauge* passed_calls_in_flight_ = nullptr;
  prometheus::Family<prometheus::Histogram>* passed_call_durations_ = nullptr;
  std::array<std::atomic<prometheus::Histogram*>, kCodes> passed_call_histograms_{};

  mutable std::mutex mutex_;  ///< guards what follows
  StorageTotals totals_;
  std::optional<Timestamp> totals_read_at_;
};

}  // namespace satchel
