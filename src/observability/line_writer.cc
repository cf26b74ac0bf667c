#include "observability/line_writer.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "base/clock.h"
#include "observability/json_line.h"

namespace satchel {
namespace {

constexpr int kSlowReaderWaitMilliseconds = 1000;
constexpr std::size_t kMessageBytesMax = 256;

std::string DroppedNotice(std::int64_t lines) {
  JsonLine line;
  line.AddText("timestamp", FormatTimestamp(SystemClock().WallNow()), kMessageBytesMax);
  line.AddText("level", "warning", kMessageBytesMax);
  line.AddText("message", "log lines could not be written and are lost", kMessageBytesMax);
  line.AddInteger("lines", lines);
  return line.Finish() + "\n";
}

}  // namespace

void LineWriter::Write(std::string_view line) {
  if (dropped_ > 0 && WriteWhole(DroppedNotice(dropped_))) dropped_ = 0;
  if (dropped_ > 0 || !WriteWhole(line)) ++dropped_;
}

bool LineWriter::WriteWhole(std::string_view line) {
  std::string repaired;
  if (line_is_broken_) {
    repaired = "\n" + std::string(line);
    line = repaired;
  }
  std::size_t written = 0;
  while (written < line.size()) {
    const ssize_t count = ::write(descriptor_, line.data() + written, line.size() - written);
    if (count >= 0) {
      written += static_cast<std::size_t>(count);
      continue;
    }
    if (errno == EINTR) continue;
    if ((errno == EAGAIN || errno == EWOULDBLOCK) && WaitWritable()) continue;
    if (written > 0) TakeBack(written);
    return false;
  }
  line_is_broken_ = false;
  stuck_ = false;
  return true;
}

bool LineWriter::WaitWritable() {
  pollfd wanted{descriptor_, POLLOUT, 0};
  const int ready = ::poll(&wanted, 1, stuck_ ? 0 : kSlowReaderWaitMilliseconds);
  if (ready < 0 && errno == EINTR) return true;
  stuck_ = ready <= 0;
  return !stuck_;
}

void LineWriter::TakeBack(std::size_t written) {
  struct stat state {};
  const off_t part = static_cast<off_t>(written);
  const bool file = ::fstat(descriptor_, &state) == 0 && S_ISREG(state.st_mode) &&
                    (::fcntl(descriptor_, F_GETFL) & O_APPEND) != 0 && state.st_size >= part;
  // A file shrinks even when it is the disk that is full; elsewhere the next line starts anew.
  if (!file || ::ftruncate(descriptor_, state.st_size - part) != 0) line_is_broken_ = true;
}

}  // namespace satchel
