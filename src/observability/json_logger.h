/// The log: one JSON object a line, for each call and each event.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/status.h"
#include "ports/call_observer.h"
#include "ports/event_log.h"

namespace spdlog {
class logger;
namespace sinks {
class sink;
}
}  // namespace spdlog

namespace satchel {

struct JsonLoggerOptions {
  LogLevel level = LogLevel::kInfo;  ///< the least severe one that is written
  /// Where lines go, besides the files; null: nowhere.
  std::shared_ptr<spdlog::sinks::sink> output;
  std::string directory;            ///< for daily files; empty: none
  std::chrono::days retention{30};  ///< of daily files
};

/// For JsonLoggerOptions::output. Lines are written at once, not buffered.
std::shared_ptr<spdlog::sinks::sink> StandardOutputSink();
std::shared_ptr<spdlog::sinks::sink> StandardErrorSink();

/// A line has timestamp (RFC 3339, UTC, milliseconds), level, message; that of a call also
/// requestId, operationType, userId, documentId, filename (these three where known), size, code,
/// durationMs, and for an error reason and cause; that of an event its fields, whose names must
/// not be any of these.
///
/// A call is logged as info when it ended OK, warning when its caller is at fault, error when the
/// service is. Texts are cut, escaped and cleared of links and credentials (json_line.h), so that a
/// line stays below 16 KiB whatever callers send. Thread-safe; a line is written when the method
/// returns, or lost because the disk is full.
class JsonLogger final : public CallObserver, public EventLog {
  struct OnlyMake {};

 public:
  /// CONFIGURATION_INVALID: the folder cannot be written. `clock` must outlive the logger.
  static Result<std::unique_ptr<JsonLogger>> Make(const JsonLoggerOptions& options,
                                                  const Clock& clock);
  JsonLogger(OnlyMake, std::unique_ptr<spdlog::logger> logger, const Clock& clock);
  ~JsonLogger() override;

  void CallStarted(Operation /*operation*/) override {}
  void CallEnded(const CallRecord& record) override;
  void Write(LogLevel level, std::string_view message, const LogFields& fields) override;

 private:
  const std::unique_ptr<spdlog::logger> logger_;
  const Clock& clock_;
};

}  // namespace satchel
