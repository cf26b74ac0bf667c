#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "cli/command_error.h"
#include "cli/unique_descriptor.h"

namespace satchel::cli {

/// The bytes of one upload, whose number is known before the first is sent. What has no size of
/// its own (standard input, a pipe, a device) is first copied to an unlinked temporary file, so
/// that memory stays bounded. Not thread-safe.
class UploadSource {
 public:
  /// Opens `path`, or standard input for "-". Fails for folders.
  MaybeError Open(const std::string& path);
  /// Finds out the size, copying what has none. Fails for what is empty.
  MaybeError Measure();

  std::int64_t size() const { return size_; }  ///< bytes; after Measure()

  /// Fills `buffer` as far as there are bytes; `*count` 0 means all size() bytes were given. Fails
  /// when there turn out to be fewer or more of them.
  MaybeError Read(std::span<char> buffer, std::size_t* count);

 private:
  MaybeError Spool();
  MaybeError ChangedError() const;

  std::string name_;  ///< for messages
  UniqueDescriptor descriptor_;
  std::int64_t size_ = 0;
  std::int64_t given_ = 0;
};

}  // namespace satchel::cli
