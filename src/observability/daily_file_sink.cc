#include "observability/daily_file_sink.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

namespace satchel {
namespace {

constexpr std::string_view kPrefix = "satchel-";
constexpr std::string_view kSuffix = ".log";
constexpr mode_t kFileMode = 0640;
constexpr auto kFolderMode = std::filesystem::perms::owner_all |
                             std::filesystem::perms::group_read |
                             std::filesystem::perms::group_exec;
constexpr std::chrono::minutes kRetryInterval{1};

std::string FileName(Day day) {
  return std::string(kPrefix).append(FormatDay(day)).append(kSuffix);
}

/// nullopt: not one of our files.
std::optional<Day> DayOf(std::string_view name) {
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return std::nullopt;
  if (name.size() < kPrefix.size() + kSuffix.size()) return std::nullopt;
  name.remove_prefix(kPrefix.size());
  name.remove_suffix(kSuffix.size());
  return ParseDay(name);
}

Status FolderError(const std::string& directory, std::string_view what, int error) {
  return ConfigurationError("LOG_DIR: " + std::string(what) + " " + directory + ": " +
                            std::strerror(error));
}

}  // namespace

Result<std::shared_ptr<DailyFileSink>> DailyFileSink::Open(const std::string& directory,
                                                           std::chrono::days retention,
                                                           const Clock& clock) {
  std::error_code error;
  if (std::filesystem::create_directories(directory, error)) {
    std::filesystem::permissions(directory, kFolderMode, error);
  }
  if (error) return FolderError(directory, "cannot make the folder", error.value());
  auto sink = std::make_shared<DailyFileSink>(OnlyOpen(), directory, retention, clock);
  const Day today = std::chrono::floor<std::chrono::days>(clock.WallNow());
  if (const int failure = sink->OpenFileOf(today); failure != 0) {
    return FolderError(directory, "cannot write to the folder", failure);
  }
  return sink;
}

DailyFileSink::DailyFileSink(OnlyOpen, std::string directory, std::chrono::days retention,
                             const Clock& clock)
    : directory_(std::move(directory)), retention_(retention), clock_(clock) {}

DailyFileSink::~DailyFileSink() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void DailyFileSink::sink_it_(const spdlog::details::log_msg& message) {
  const Day today = std::chrono::floor<std::chrono::days>(clock_.WallNow());
  if (today != day_ && clock_.SteadyNow() >= next_attempt_ && OpenFileOf(today) != 0) {
    next_attempt_ = clock_.SteadyNow() + kRetryInterval;
  }
  spdlog::memory_buf_t line;
  formatter_->format(message, line);
  writer_.Write({line.data(), line.size()});
}

int DailyFileSink::OpenFileOf(Day day) {
  const std::string path = (std::filesystem::path(directory_) / FileName(day)).string();
  const int opened =
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, kFileMode);
  if (opened < 0) return errno;
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = opened;
  day_ = day;
  writer_.set_descriptor(opened);
  RemoveOldFiles(day);
  return 0;
}

void DailyFileSink::RemoveOldFiles(Day today) const {
  std::error_code error;
  // What cannot be removed now is tried again tomorrow.
  for (auto entry = std::filesystem::directory_iterator(directory_, error);
       !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const std::optional<Day> day = DayOf(entry->path().filename().string());
    if (!day || today - *day <= retention_) continue;
    std::error_code entry_error;
    if (entry->symlink_status(entry_error).type() != std::filesystem::file_type::regular) continue;
    std::filesystem::remove(entry->path(), entry_error);
  }
}

}  // namespace satchel
