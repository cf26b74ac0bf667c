/// Writes whole lines to a descriptor, and goes on when that fails.
#pragma once

#include <cstdint>
#include <string_view>

namespace satchel {

/// Each line is one write(), so that a crash loses none and lines of several processes do not mix.
/// A line that cannot be written (disk full, reader gone) is dropped and counted: logging never
/// stops the service. A pipe whose reader is slow is waited for a second at most, once: while it
/// stays full, further lines are dropped at once. (Only if the pipe is non-blocking; the reader of
/// a blocking one decides.) Not thread-safe.
class LineWriter {
 public:
  /// Does not own `descriptor`; -1: every line is dropped.
  explicit LineWriter(int descriptor) : descriptor_(descriptor) {}

  /// `line` ends with a newline. After lines were dropped, the first one that can be written again
  /// is preceded by a line of JSON that says how many.
  void Write(std::string_view line);

  void set_descriptor(int descriptor) { descriptor_ = descriptor; }
  std::int64_t dropped() const { return dropped_; }

 private:
  bool WriteWhole(std::string_view line);
  bool WaitWritable();
  void TakeBack(std::size_t written);

  int descriptor_;
  std::int64_t dropped_ = 0;  ///< since the last line that was written
  bool stuck_ = false;        ///< the last wait was in vain
  bool line_is_broken_ = false;
};

}  // namespace satchel
