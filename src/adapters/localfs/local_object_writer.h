/// One object on its way into the storage folder.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "adapters/localfs/file_descriptor.h"
#include "adapters/localfs/storage_folder.h"
#include "ports/object_store.h"

namespace satchel {

class LocalObjectWriter final : public ObjectWriter {
 public:
  /// Makes `tmp/{attempt}`. Precondition: IsObjectName(attempt). `folder` must outlive the writer.
  static Result<std::unique_ptr<ObjectWriter>> Make(const StorageFolder& folder,
                                                    const std::string& attempt, std::int64_t size);

  LocalObjectWriter(const StorageFolder& folder, std::string name, std::int64_t size,
                    FileDescriptor file);
  LocalObjectWriter(const LocalObjectWriter&) = delete;
  LocalObjectWriter& operator=(const LocalObjectWriter&) = delete;
  ~LocalObjectWriter() override;

  Status Append(const CallContext& call, std::span<const std::byte> bytes) override;
  /// File, then rename, then folder, each synced and checked before the next. An error leaves
  /// nothing behind and is never OUTCOME_UNKNOWN.
  Result<ObjectVersion> Commit(const CallContext& call, const ContentHash& sha256) override;

 private:
  enum class State : std::uint8_t { kStaged, kRenamed, kCommitted };

  Status StartWriteback();

  const StorageFolder& folder_;
  const std::string name_;
  const std::int64_t size_;  ///< promised
  FileDescriptor file_;
  State state_ = State::kStaged;
  std::int64_t written_ = 0;
  std::int64_t writeback_started_ = 0;  ///< bytes that the kernel was told to write out
};

}  // namespace satchel
