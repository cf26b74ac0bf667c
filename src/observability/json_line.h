/// One JSON object as one line of a log.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace satchel {

/// Builds the object from its members, in order. Not thread-safe.
class JsonLine {
 public:
  JsonLine();

  /// `value` is any bytes. What is logged: links and credentials taken out (redaction.h), at most
  /// `bytes_max` bytes of it, with `...` where it was cut; invalid UTF-8 as U+FFFD; control
  /// characters, line separators and bidirectional controls as \u escapes.
  void AddText(std::string_view key, std::string_view value, std::size_t bytes_max);
  void AddInteger(std::string_view key, std::int64_t value);
  /// As milliseconds with three decimals.
  void AddMilliseconds(std::string_view key, std::chrono::nanoseconds value);

  /// The object, without a newline; nothing can be added after it.
  std::string Finish();

 private:
  void BeginMember(std::string_view key);

  std::string text_;
};

}  // namespace satchel
