/// An object for responses, with or without a file descriptor behind it.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "ports/object_store.h"

namespace satchel::testing {

/// Reads `content` from `offset` on, and then, if `failure` is not OK, fails.
class MemoryReader final : public ObjectReader {
 public:
  MemoryReader(std::string content, std::int64_t offset, bool with_descriptor,
               Status failure = Status())
      : content_(std::move(content)),
        position_(static_cast<std::size_t>(offset)),
        failure_(std::move(failure)),
        descriptor_(with_descriptor ? ::memfd_create("object", MFD_CLOEXEC) : -1) {
    std::size_t written = 0;
    while (descriptor_ >= 0 && written < content_.size()) {
      const ssize_t count =
          ::write(descriptor_, content_.data() + written, content_.size() - written);
      if (count <= 0) break;
      written += static_cast<std::size_t>(count);
    }
  }
  MemoryReader(const MemoryReader&) = delete;
  MemoryReader& operator=(const MemoryReader&) = delete;
  ~MemoryReader() override {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  Result<std::size_t> Read(const CallContext& /*call*/, std::span<std::byte> buffer) override {
    const std::size_t count = std::min(buffer.size(), content_.size() - position_);
    if (count == 0 && !failure_.ok()) return failure_;
    std::copy_n(reinterpret_cast<const std::byte*>(content_.data()) + position_, count,
                buffer.data());
    position_ += count;
    return count;
  }
  std::int64_t size() const override { return static_cast<std::int64_t>(content_.size()); }
  int file_descriptor() const override { return descriptor_; }

 private:
  const std::string content_;
  std::size_t position_;
  const Status failure_;
  const int descriptor_;
};

/// Bytes that differ from place to place.
inline std::string Pattern(std::size_t size) {
  std::string content(size, '\0');
  for (std::size_t i = 0; i < size; ++i) content[i] = static_cast<char>(i ^ i >> 8 ^ i >> 16);
  return content;
}

}  // namespace satchel::testing
