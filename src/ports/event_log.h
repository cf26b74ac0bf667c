/// Port: structured events that are no calls: start, sweeps, repairs, alarms.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace satchel {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };

using LogFields = std::vector<std::pair<std::string, std::string>>;

/// Thread-safe. Never give it secrets, signatures or links.
class EventLog {
 public:
  virtual ~EventLog() = default;
  virtual void Write(LogLevel level, std::string_view message, const LogFields& fields) = 0;
};

}  // namespace satchel
