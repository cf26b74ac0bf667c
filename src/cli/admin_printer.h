/// What `quota` and `fsck` show, whether a server answered or this process opened the folder.
#pragma once

#include <satchel/admin.pb.h>

#include <chrono>
#include <optional>
#include <string>

#include "cli/environment.h"

namespace satchel::cli {

/// A user's quota beside the usage, or the answer with --json.
void PrintQuota(const GetQuotaResponse& quota, CliEnvironment& environment);

/// Shows a consistency check as it runs: findings and the summary on standard output, with --json
/// each as one CheckConsistencyResponse a line; progress on a terminal only. Not thread-safe.
class FindingsPrinter {
 public:
  explicit FindingsPrinter(CliEnvironment& environment) : environment_(environment) {}
  ~FindingsPrinter() { ClearProgress(); }
  FindingsPrinter(const FindingsPrinter&) = delete;
  FindingsPrinter& operator=(const FindingsPrinter&) = delete;

  void Print(const CheckConsistencyResponse& event);

  /// 0 when the check ended and found nothing; 1 when it found something, repaired or not, so that
  /// a repair is noticed too.
  int exit_code() const;

 private:
  using Clock = std::chrono::steady_clock;

  void PrintProgress(const CheckConsistencyResponse::Progress& progress);
  void ClearProgress();

  CliEnvironment& environment_;
  std::optional<CheckConsistencyResponse::Summary> summary_;
  bool found_ = false;
  bool progress_shown_ = false;
  std::optional<Clock::time_point> drawn_;
};

/// "I1 object missing: user alice, document 3f2c...: particulars [repaired]". Pure.
std::string FormatFinding(const CheckConsistencyResponse::Finding& finding);

}  // namespace satchel::cli
