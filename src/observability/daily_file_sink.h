/// A folder with one log file a day.
#pragma once

#include <spdlog/sinks/base_sink.h>

#include <chrono>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/status.h"
#include "base/time.h"
#include "observability/line_writer.h"

namespace satchel {

/// Writes `satchel-YYYY-MM-DD.log`, the day being the UTC day of the clock; a new file when the day
/// changes, appending to one that exists. Files of that name whose date is more than the retention
/// before today are removed when the sink is opened and at each change of the day; no other file is
/// ever touched. Files have mode 0640. (spdlog's own daily sink goes by local time and forgets what
/// it did not write itself.)
///
/// When the new day's file cannot be opened, the old one is written on, and the new one tried again
/// every minute. Thread-safe.
class DailyFileSink final : public spdlog::sinks::base_sink<std::mutex> {
  struct OnlyOpen {};

 public:
  /// Makes the folder (mode 0750) if there is none. CONFIGURATION_INVALID: it cannot be made, or
  /// today's file cannot be written. `clock` must outlive the sink.
  static Result<std::shared_ptr<DailyFileSink>> Open(const std::string& directory,
                                                     std::chrono::days retention,
                                                     const Clock& clock);
  DailyFileSink(OnlyOpen, std::string directory, std::chrono::days retention, const Clock& clock);
  ~DailyFileSink() override;

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override {}

 private:
  /// The errno of a failure, 0 for success.
  int OpenFileOf(Day day);
  void RemoveOldFiles(Day today) const;

  const std::string directory_;
  const std::chrono::days retention_;
  const Clock& clock_;
  // Guarded by the base's mutex.
  int descriptor_ = -1;
  Day day_{};
  Clock::SteadyTime next_attempt_{};
  LineWriter writer_{-1};
};

}  // namespace satchel
