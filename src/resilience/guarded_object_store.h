/// An object store behind the layers of its guard; so are the objects that it reads and writes.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "ports/object_store.h"
#include "resilience/call_layer.h"

namespace satchel {

/// Thread-safe. Must outlive its writers and readers.
class GuardedObjectStore final : public ObjectStore {
 public:
  /// Both must outlive it.
  GuardedObjectStore(ObjectStore& inner, const CallStack& stack) : inner_(inner), stack_(stack) {}

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

 private:
  ObjectStore& inner_;
  const CallStack& stack_;
};

}  // namespace satchel
