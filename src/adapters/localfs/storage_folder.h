/// STORAGE_DIR: opened, locked and laid out.
///
///     lock               flock of the process that owns the folder, with its pid inside
///     tmp/               objects being written; emptied whenever the folder is opened
///     objects/00..ff/    one file per version, named by the upload's attempt
///     store-id, link-signing.key
///
/// No text of a user is ever part of a path, and all that lies inside is reached through directory
/// descriptors without following symbolic links: nothing outside the folder can be opened.
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "adapters/localfs/file_descriptor.h"
#include "base/status.h"

namespace satchel {

/// Whether `name` is the name of one of our object files: exactly 32 lower-case hex digits.
bool IsObjectName(std::string_view name);

/// Owns the lock until it is destroyed; one process (and one object) at a time. Holds some 260
/// descriptors. Thread-safe: nothing changes after Make().
class StorageFolder {
 public:
  static constexpr std::size_t kShards = 256;

  /// Opens `path`, creating what is missing (mode 0700) durably, and empties tmp.
  /// CONFIGURATION_INVALID: another process owns the folder (named by its pid), or it cannot be
  /// used; the message says why and what to do.
  static Result<std::unique_ptr<StorageFolder>> Make(const std::filesystem::path& path);
  /// The same for one who only asks: a missing folder, or one that Make() never made, is refused.
  static Result<std::unique_ptr<StorageFolder>> OpenExisting(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }

  // Descriptors, owned by this object.
  int root() const { return root_.get(); }
  int tmp() const { return tmp_.get(); }
  int lock() const { return lock_.get(); }
  int shard(std::size_t index) const { return shards_[index].get(); }
  /// The folder of an object. Precondition: IsObjectName(name).
  int shard_of(std::string_view name) const { return shard(ShardIndex(name)); }

  static std::size_t ShardIndex(std::string_view name);
  /// "00" to "ff".
  static std::string ShardName(std::size_t index);

 private:
  struct Private {};

 public:
  /// For Make() only.
  StorageFolder(Private, std::filesystem::path path) : path_(std::move(path)) {}

 private:
  Status MakeRoot() const;
  Status OpenRoot();
  Status TakeLock();
  Status LockedByAnother() const;
  Status OpenFolders();
  Status CheckSameFileSystem(int objects) const;
  Status EmptyTmp();
  Result<FileDescriptor> OpenOrMakeFolder(int parent, const std::string& name,
                                          const std::filesystem::path& shown) const;

  const std::filesystem::path path_;
  FileDescriptor root_;
  FileDescriptor lock_;
  FileDescriptor tmp_;
  std::array<FileDescriptor, kShards> shards_;
};

}  // namespace satchel
