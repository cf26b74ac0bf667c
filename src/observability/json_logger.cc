#include "observability/json_logger.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "observability/call_outcome.h"
#include "observability/daily_file_sink.h"
#include "observability/json_line.h"

namespace satchel {
namespace {

constexpr std::size_t kIdBytesMax = 128;  ///< of request and document ids
constexpr std::size_t kTextBytesMax = 1024;
constexpr std::size_t kFieldNameBytesMax = 64;
constexpr std::size_t kFieldsMax = 16;

constexpr std::array<std::string_view, 4> kLevelNames = {"debug", "info", "warning", "error"};
constexpr std::array kSpdlogLevels = {spdlog::level::debug, spdlog::level::info,
                                      spdlog::level::warn, spdlog::level::err};

std::string_view NameOf(LogLevel level) { return kLevelNames[static_cast<std::size_t>(level)]; }
spdlog::level::level_enum SpdlogLevel(LogLevel level) {
  return kSpdlogLevels[static_cast<std::size_t>(level)];
}

LogLevel LevelOf(CallOutcome outcome) {
  switch (outcome) {
    case CallOutcome::kOk:
      return LogLevel::kInfo;
    case CallOutcome::kCallerFault:
      return LogLevel::kWarning;
    case CallOutcome::kFailure:
      return LogLevel::kError;
  }
  return LogLevel::kError;
}

/// Writes lines to a descriptor of the process; spdlog's own would ignore a failure half-way.
class DescriptorSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit DescriptorSink(int descriptor) : writer_(descriptor) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    writer_.Write({line.data(), line.size()});
  }
  void flush_() override {}

 private:
  LineWriter writer_;
};

void AddHead(JsonLine& line, Timestamp time, LogLevel level, std::string_view message) {
  line.AddText("timestamp", FormatTimestamp(time), kTextBytesMax);
  line.AddText("level", NameOf(level), kTextBytesMax);
  line.AddText("message", message, kTextBytesMax);
}

void AddIfKnown(JsonLine& line, std::string_view key, const std::string& value,
                std::size_t bytes_max) {
  if (!value.empty()) line.AddText(key, value, bytes_max);
}

}  // namespace

std::shared_ptr<spdlog::sinks::sink> StandardOutputSink() {
  return std::make_shared<DescriptorSink>(STDOUT_FILENO);
}

std::shared_ptr<spdlog::sinks::sink> StandardErrorSink() {
  return std::make_shared<DescriptorSink>(STDERR_FILENO);
}

Result<std::unique_ptr<JsonLogger>> JsonLogger::Make(const JsonLoggerOptions& options,
                                                     const Clock& clock) {
  std::vector<spdlog::sink_ptr> sinks;
  if (options.output != nullptr) sinks.push_back(options.output);
  if (!options.directory.empty()) {
    SATCHEL_ASSIGN_OR_RETURN(std::shared_ptr<DailyFileSink> file,
                             DailyFileSink::Open(options.directory, options.retention, clock));
    sinks.push_back(std::move(file));
  }
  auto logger = std::make_unique<spdlog::logger>("satchel", sinks.begin(), sinks.end());
  logger->set_pattern("%v");
  logger->set_level(SpdlogLevel(options.level));
  return std::make_unique<JsonLogger>(OnlyMake(), std::move(logger), clock);
}

JsonLogger::JsonLogger(OnlyMake, std::unique_ptr<spdlog::logger> logger, const Clock& clock)
    : logger_(std::move(logger)), clock_(clock) {}

JsonLogger::~JsonLogger() = default;

void JsonLogger::CallEnded(const CallRecord& record) {
  const LogLevel level = LevelOf(OutcomeOf(record));
  if (!logger_->should_log(SpdlogLevel(level))) return;
  const Status& status = record.status;
  JsonLine line;
  AddHead(line, clock_.WallNow(), level, status.ok() ? "call ended" : status.message());
  line.AddText("requestId", record.request_id, kIdBytesMax);
  line.AddText("operationType", satchel::NameOf(record.operation), kTextBytesMax);
  AddIfKnown(line, "userId", record.user_id, kNameBytesMax);
  AddIfKnown(line, "documentId", record.document_id, kIdBytesMax);
  AddIfKnown(line, "filename", record.filename, kFilenameBytesMax);
  line.AddInteger("size", record.size);
  line.AddText("code", satchel::NameOf(status.code()), kTextBytesMax);
  line.AddMilliseconds("durationMs", record.duration);
  if (!status.ok()) {
    line.AddText("reason", satchel::NameOf(status.reason()), kTextBytesMax);
    AddIfKnown(line, "cause", status.cause(), kTextBytesMax);
  }
  logger_->log(SpdlogLevel(level), line.Finish());
}

void JsonLogger::Write(LogLevel level, std::string_view message, const LogFields& fields) {
  if (!logger_->should_log(SpdlogLevel(level))) return;
  JsonLine line;
  AddHead(line, clock_.WallNow(), level, message);
  const std::size_t count = std::min(fields.size(), kFieldsMax);
  for (std::size_t i = 0; i < count; ++i) {
    const auto& [key, value] = fields[i];
    line.AddText(key.substr(0, kFieldNameBytesMax), value, kTextBytesMax);
  }
  logger_->log(SpdlogLevel(level), line.Finish());
}

}  // namespace satchel
