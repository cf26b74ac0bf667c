#include "faulty_object_store.h"

#include <utility>

namespace satchel {
namespace {

FaultyMethod Plain(std::string_view name) {
  return {name, Reason::kObjectStoreUnavailable, Reason::kObjectStoreUnavailable, false};
}

/// A change that can reach the store after its caller gave up.
FaultyMethod Change(std::string_view name, Reason unknown = Reason::kObjectStoreUnavailable) {
  return {name, Reason::kObjectStoreUnavailable, unknown, true};
}

}  // namespace

class FaultyObjectStore::Writer final : public ObjectWriter {
 public:
  Writer(std::unique_ptr<ObjectWriter> inner, FaultInjector& faults)
      : inner_(std::move(inner)), faults_(faults) {}

  Status Append(const CallContext& call, std::span<const std::byte> bytes) override {
    return faults_.Call<Status>(call, Plain("Append"), [&](const CallContext& context) {
      return inner_->Append(context, bytes);
    });
  }

  Result<ObjectVersion> Commit(const CallContext& call, const ContentHash& sha256) override {
    return faults_.Call<Result<ObjectVersion>>(
        call, Change("Commit", Reason::kOutcomeUnknown),
        [inner = inner_, sha256](const CallContext& context) {
          return inner->Commit(context, sha256);
        });
  }

  UploadId upload() const override { return inner_->upload(); }

 private:
  /// Shared with a commit that comes late.
  const std::shared_ptr<ObjectWriter> inner_;
  FaultInjector& faults_;
};

Result<std::unique_ptr<ObjectWriter>> FaultyObjectStore::Create(const CallContext& call,
                                                                const ObjectSpec& spec) {
  using Answer = Result<std::unique_ptr<ObjectWriter>>;
  return faults_.Call<Answer>(call, Plain("Create"), [&](const CallContext& context) -> Answer {
    SATCHEL_ASSIGN_OR_RETURN(std::unique_ptr<ObjectWriter> writer, inner_.Create(context, spec));
    return std::unique_ptr<ObjectWriter>(std::make_unique<Writer>(std::move(writer), faults_));
  });
}

Result<std::unique_ptr<ObjectReader>> FaultyObjectStore::Open(const CallContext& call,
                                                              const ObjectRef& object,
                                                              std::int64_t offset) {
  return faults_.Call<Result<std::unique_ptr<ObjectReader>>>(
      call, Plain("Open"),
      [&](const CallContext& context) { return inner_.Open(context, object, offset); });
}

Result<ObjectVersion> FaultyObjectStore::FindNewest(const CallContext& call,
                                                    const std::string& key) {
  return faults_.Call<Result<ObjectVersion>>(
      call, Plain("FindNewest"),
      [&](const CallContext& context) { return inner_.FindNewest(context, key); });
}

Status FaultyObjectStore::Remove(const CallContext& call, const ObjectRef& object) {
  return faults_.Call<Status>(call, Change("Remove"), [this, object](const CallContext& context) {
    return inner_.Remove(context, object);
  });
}

Status FaultyObjectStore::RemoveAttempt(const CallContext& call, const std::string& key,
                                        const AttemptId& attempt, const UploadId& upload) {
  return faults_.Call<Status>(call, Change("RemoveAttempt"),
                              [this, key, attempt, upload](const CallContext& context) {
                                return inner_.RemoveAttempt(context, key, attempt, upload);
                              });
}

Result<StoredVersionPage> FaultyObjectStore::ListVersions(const CallContext& call,
                                                          const std::string& cursor) {
  return faults_.Call<Result<StoredVersionPage>>(
      call, Plain("ListVersions"),
      [&](const CallContext& context) { return inner_.ListVersions(context, cursor); });
}

Status FaultyObjectStore::Probe(const CallContext& call) {
  return faults_.Call<Status>(call, Plain("ProbeStore"),
                              [&](const CallContext& context) { return inner_.Probe(context); });
}

Result<Timestamp> FaultyObjectStore::Now(const CallContext& call) {
  return faults_.Call<Result<Timestamp>>(
      call, Plain("StoreNow"), [&](const CallContext& context) { return inner_.Now(context); });
}

Result<std::optional<StoreId>> FaultyObjectStore::ReadStoreId(const CallContext& call) {
  return faults_.Call<Result<std::optional<StoreId>>>(
      call, Plain("ReadStoreIdOfStore"),
      [&](const CallContext& context) { return inner_.ReadStoreId(context); });
}

Status FaultyObjectStore::WriteStoreId(const CallContext& call, const StoreId& id) {
  return faults_.Call<Status>(
      call, Change("WriteStoreIdOfStore"),
      [this, id](const CallContext& context) { return inner_.WriteStoreId(context, id); });
}

}  // namespace satchel
