#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "cli/environment.h"

namespace satchel::cli {

/// How far a transfer is.
struct TransferProgress {
  std::string name;
  std::int64_t done = 0;   ///< bytes
  std::int64_t total = 0;  ///< bytes
  std::chrono::milliseconds elapsed{0};
};

/// One line of at most `columns` columns, without its end: name, bar, percent, bytes, rate, time
/// left. Pure.
std::string RenderProgress(const TransferProgress& progress, int columns);

/// Draws a transfer on a terminal, at most ten times a second; does nothing elsewhere and with
/// --json. Not thread-safe.
class ProgressBar {
 public:
  explicit ProgressBar(CliEnvironment& environment) : environment_(environment) {}
  /// Ends the line, so that what follows starts on its own.
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void Start(std::string name, std::int64_t total);
  void Update(std::int64_t done);
  /// Shows the last state and ends the line; Update() starts a new one.
  void End();

 private:
  using Clock = std::chrono::steady_clock;

  void Draw();

  CliEnvironment& environment_;
  TransferProgress progress_;
  Clock::time_point started_;
  std::optional<Clock::time_point> drawn_;
  bool line_open_ = false;
};

}  // namespace satchel::cli
