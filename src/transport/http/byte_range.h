/// The Range header (RFC 9110 section 14). All functions are pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace satchel {

struct ByteRange {
  enum class Kind : std::uint8_t {
    kWhole,          ///< nothing usable was asked for: the range is ignored
    kPart,           ///< one part
    kUnsatisfiable,  ///< nothing of it exists
  };

  Kind kind = Kind::kWhole;
  std::int64_t first = 0;  ///< of kPart
  std::int64_t last = 0;   ///< of kPart, included
};

/// What the value of a Range header means for a body of `size` bytes. Several ranges get the whole,
/// as the RFC allows: no client of documents needs them, and they are a way to ask for too much.
ByteRange ParseRange(std::string_view value, std::int64_t size);

}  // namespace satchel
