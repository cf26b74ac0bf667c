/// A name service that does not answer, for the whole test program.
#pragma once

namespace satchel {

/// Stands for 127.0.0.1. Other names are looked up as ever.
inline constexpr char kSlowName[] = "slow.example";

class SlowLookups {
 public:
  /// While on, look-ups of kSlowName do not return.
  static void Hold(bool on);
};

}  // namespace satchel
