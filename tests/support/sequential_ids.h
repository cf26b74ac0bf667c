/// Ids that are different, valid, and the same in every run.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "base/identifiers.h"

namespace satchel {

/// Thread-safe.
class SequentialIds final : public IdGenerator {
 public:
  std::string RandomHex() override {
    std::string digits = std::to_string(next_.fetch_add(1));
    return std::string(32 - digits.size(), '0') + digits;
  }

 private:
  std::atomic<std::uint64_t> next_{1};
};

}  // namespace satchel
