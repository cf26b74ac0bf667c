#include "cli/progress_bar.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "cli/text_format.h"

namespace satchel::cli {
namespace {

constexpr std::chrono::milliseconds kRedrawInterval{100};
constexpr std::size_t kBarColumnsMax = 30;
constexpr std::size_t kBarColumnsMin = 8;
constexpr std::size_t kNameColumnsMin = 12;
// A rate over less than this is noise.
constexpr std::chrono::milliseconds kRateAfter{300};

std::string Bar(std::size_t columns, double fraction) {
  const auto filled = static_cast<std::size_t>(static_cast<double>(columns) * fraction);
  return "[" + std::string(filled, '#') + std::string(columns - filled, '-') + "]";
}

std::string PadLeft(std::string text, std::size_t columns) {
  return text.size() < columns ? std::string(columns - text.size(), ' ') + text : text;
}

std::string RateAndTimeLeft(const TransferProgress& progress) {
  if (progress.elapsed < kRateAfter || progress.done <= 0) return {};
  const double rate =
      static_cast<double>(progress.done) * 1000 / static_cast<double>(progress.elapsed.count());
  std::string text = "  " + FormatBytes(static_cast<std::int64_t>(rate)) + "/s";
  if (progress.done < progress.total) {
    const double left = static_cast<double>(progress.total - progress.done) / rate;
    text += "  " + FormatDuration(std::chrono::seconds(std::llround(left)));
  }
  return text;
}

}  // namespace

std::string RenderProgress(const TransferProgress& progress, int columns) {
  const double fraction =
      progress.total > 0
          ? std::clamp(static_cast<double>(progress.done) / static_cast<double>(progress.total),
                       0.0, 1.0)
          : 1.0;
  const std::string percent = PadLeft(std::to_string(static_cast<int>(fraction * 100)), 3) + "%";
  const std::string tail = " " + percent + "  " + FormatBytes(progress.done) + " of " +
                           FormatBytes(progress.total) + RateAndTimeLeft(progress);
  // One column less than there are: a full line makes some terminals wrap.
  const auto width = static_cast<std::size_t>(std::max(columns - 1, 0));
  const std::size_t fixed = tail.size() + 3;
  if (width < fixed + kNameColumnsMin + kBarColumnsMin) return FitColumns(percent, width);
  const std::size_t rest = width - fixed;
  const std::string name =
      FitColumns(EscapeControls(progress.name), std::max(kNameColumnsMin, rest - kBarColumnsMin));
  const std::size_t bar = std::min(kBarColumnsMax, rest - DisplayWidth(name));
  return name + " " + Bar(bar, fraction) + tail;
}

ProgressBar::~ProgressBar() { End(); }

void ProgressBar::Start(std::string name, std::int64_t total) {
  progress_ = {.name = std::move(name), .total = total};
  started_ = Clock::now();
  drawn_.reset();
}

void ProgressBar::Update(std::int64_t done) {
  progress_.done = done;
  if (!environment_.err_is_terminal || environment_.json) return;
  const Clock::time_point now = Clock::now();
  if (drawn_ && now - *drawn_ < kRedrawInterval) return;
  drawn_ = now;
  Draw();
}

void ProgressBar::End() {
  if (!line_open_) return;
  Draw();
  environment_.err << '\n';
  environment_.err.flush();
  line_open_ = false;
  drawn_.reset();
}

void ProgressBar::Draw() {
  progress_.elapsed =
      std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - started_);
  // Carriage return, the line, erase to the end of the line.
  environment_.err << '\r' << RenderProgress(progress_, environment_.columns) << "\x1b[K";
  environment_.err.flush();
  line_open_ = true;
}

}  // namespace satchel::cli
