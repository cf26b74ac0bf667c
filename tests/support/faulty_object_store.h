/// An object store that forwards to another, and fails where the injector says.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "fault_injector.h"
#include "ports/object_store.h"

namespace satchel {

/// Thread-safe. Both arguments must outlive it and its writers. Reads of open readers never fail.
/// Steps: Create, Append, Commit, Open, FindNewest, Remove, RemoveAttempt, ListVersions,
/// ProbeStore, StoreNow, ReadStoreIdOfStore, WriteStoreIdOfStore.
class FaultyObjectStore final : public ObjectStore {
 public:
  FaultyObjectStore(ObjectStore& inner, FaultInjector& faults) : inner_(inner), faults_(faults) {}

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
  class Writer;

  ObjectStore& inner_;
  FaultInjector& faults_;
};

}  // namespace satchel
