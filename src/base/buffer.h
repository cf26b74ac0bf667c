/// A block of bytes with one owner, not zeroed when made.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

namespace satchel {

class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::size_t capacity)
      : bytes_(std::make_unique_for_overwrite<std::byte[]>(capacity)), size_(capacity) {}

  std::byte* data() { return bytes_.get(); }
  std::size_t size() const { return size_; }
  /// Forgets what is behind the first `size` bytes.
  void Shrink(std::size_t size) { size_ = size < size_ ? size : size_; }
  std::span<std::byte> span() { return {bytes_.get(), size_}; }
  std::span<const std::byte> span() const { return {bytes_.get(), size_}; }
  /// Gives the block up to a foreign owner, which frees it with delete[].
  std::byte* Release() {
    size_ = 0;
    return bytes_.release();
  }

 private:
  std::unique_ptr<std::byte[]> bytes_;
  std::size_t size_ = 0;
};

}  // namespace satchel
