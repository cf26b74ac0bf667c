/// An object store in memory, faithful to its port.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "ports/object_store.h"

namespace satchel {

/// How versions are named, and so what can be told from a version, or done to a dead upload.
enum class VersionNaming : std::uint8_t {
  kAttempt,    ///< as local files: the version is the attempt, keys are not kept
  kOpaque,     ///< as S3: the store names versions; a late commit cannot be prevented
  kMultipart,  ///< as S3 with large objects: what is staged has an id, and can be aborted by it
};

/// "Attempt", "Opaque", "Multipart": for the names of parametrised tests.
std::string NameOf(VersionNaming naming);
inline std::string NameOfNaming(const testing::TestParamInfo<VersionNaming>& info) {
  return NameOf(info.param);
}

/// Thread-safe; writers and readers are not. The clock must outlive it.
class MemoryObjectStore final : public ObjectStore {
 public:
  MemoryObjectStore(const Clock& clock, VersionNaming naming);
  ~MemoryObjectStore() override;

  Result<std::unique_ptr<ObjectWriter>> Create(const CallContext& call,
                                               const ObjectSpec& spec) override;
  Result<std::unique_ptr<ObjectReader>> Open(const CallContext& call, const ObjectRef& object,
                                             std::int64_t offset) override;
  Result<ObjectVersion> FindNewest(const CallContext& call, const std::string& key) override;
  Status Remove(const CallContext& call, const ObjectRef& object) override;
  Status RemoveAttempt(const CallContext& call, const std::string& key, const AttemptId& attempt,
                       const UploadId& upload) override;
  Result<StoredVersionPage> ListVersions(const CallContext& call,
                                         const std::string& cursor) override;
  Status Probe(const CallContext& call) override;
  Result<Timestamp> Now(const CallContext& call) override;
  Result<std::optional<StoreId>> ReadStoreId(const CallContext& call) override;
  Status WriteStoreId(const CallContext& call, const StoreId& id) override;

  // What tests look at, and what they do behind the service's back.

  /// All versions, foreign ones too.
  std::vector<ObjectRef> versions() const;
  /// Staged bytes of uploads that were neither committed nor removed.
  std::size_t staged_count() const;
  /// The process is gone: writers that are alive no longer change anything.
  void Crash();
  /// A version that no upload of this service made; as old as the clock says.
  void Plant(const ObjectRef& object, std::string_view bytes);
  void Overwrite(const ObjectRef& object, std::string_view bytes);
  void EraseVersion(const ObjectRef& object);
  void SetStoreId(std::optional<StoreId> id);

 private:
  struct State;
  class Writer;
  class Reader;

  const Clock& clock_;
  const VersionNaming naming_;
  /// Shared with writers, which may outlive a crash.
  std::shared_ptr<State> state_;
};

}  // namespace satchel
