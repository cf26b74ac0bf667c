/// The object store of the embedded default: one file per version in the storage folder.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "adapters/localfs/storage_folder.h"
#include "ports/object_store.h"

namespace satchel {

/// The version of an object is the id of the attempt that wrote it, and so is its file's name; the
/// key is only in the row. A version or attempt that is not 32 lower-case hex digits (a row by
/// another program may hold anything) is absent and never becomes a path. Thread-safe.
class LocalObjectStore final : public ObjectStore {
 public:
  /// `folder` must outlive the store and all its writers.
  explicit LocalObjectStore(const StorageFolder& folder) : folder_(folder) {}

  /// INTERNAL for an attempt that is malformed or used before.
  Result<std::unique_ptr<ObjectWriter>> Create(const CallContext& call,
                                               const ObjectSpec& spec) override;
  /// What lies at the object's place but is no regular file is not an object: absent.
  Result<std::unique_ptr<ObjectReader>> Open(const CallContext& call, const ObjectRef& object,
                                             std::int64_t offset) override;
  Result<ObjectVersion> FindNewest(const CallContext& call, const std::string& key) override;
  Status Remove(const CallContext& call, const ObjectRef& object) override;
  Status RemoveAttempt(const CallContext& call, const std::string& key, const AttemptId& attempt,
                       const UploadId& upload) override;
  /// One folder of objects a page; keys are empty. Files with foreign names are never reported.
  Result<StoredVersionPage> ListVersions(const CallContext& call,
                                         const std::string& cursor) override;

  /// Writes, syncs and removes a small file.
  Status Probe(const CallContext& call) override;
  /// The file system's clock, which also stamps the objects.
  Result<Timestamp> Now(const CallContext& call) override;
  Result<std::optional<StoreId>> ReadStoreId(const CallContext& call) override;
  Status WriteStoreId(const CallContext& call, const StoreId& id) override;

 private:
  const StorageFolder& folder_;
  std::atomic<std::uint64_t> probes_{0};  ///< names the files of concurrent probes apart
};

}  // namespace satchel
