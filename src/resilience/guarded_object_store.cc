#include "resilience/guarded_object_store.h"

#include <utility>

namespace satchel {
namespace {

class GuardedWriter final : public ObjectWriter {
 public:
  GuardedWriter(std::unique_ptr<ObjectWriter> inner, const CallStack& stack)
      : inner_(std::move(inner)), stack_(stack) {}

  Status Append(const CallContext& call, std::span<const std::byte> bytes) override {
    return stack_.Run(call, CallLength::kSending,
                      [&](const CallContext& inner) { return inner_->Append(inner, bytes); });
  }
  Result<ObjectVersion> Commit(const CallContext& call, const ContentHash& sha256) override {
    return stack_.Run(call, CallLength::kTransfer,
                      [&](const CallContext& inner) { return inner_->Commit(inner, sha256); });
  }
  UploadId upload() const override { return inner_->upload(); }

 private:
  const std::unique_ptr<ObjectWriter> inner_;
  const CallStack& stack_;
};

class GuardedReader final : public ObjectReader {
 public:
  GuardedReader(std::unique_ptr<ObjectReader> inner, const CallStack& stack)
      : inner_(std::move(inner)), stack_(stack) {}

  Result<std::size_t> Read(const CallContext& call, std::span<std::byte> buffer) override {
    return stack_.Run(call, CallLength::kTransfer,
                      [&](const CallContext& inner) { return inner_->Read(inner, buffer); });
  }
  std::int64_t size() const override { return inner_->size(); }
  int file_descriptor() const override { return inner_->file_descriptor(); }

 private:
  const std::unique_ptr<ObjectReader> inner_;
  const CallStack& stack_;
};

}  // namespace

Result<std::unique_ptr<ObjectWriter>> GuardedObjectStore::Create(const CallContext& call,
                                                                 const ObjectSpec& spec) {
  SATCHEL_ASSIGN_OR_RETURN(std::unique_ptr<ObjectWriter> writer,
                           stack_.Run(call, CallLength::kSending, [&](const CallContext& inner) {
                             return inner_.Create(inner, spec);
                           }));
  return std::unique_ptr<ObjectWriter>(std::make_unique<GuardedWriter>(std::move(writer), stack_));
}

Result<std::unique_ptr<ObjectReader>> GuardedObjectStore::Open(const CallContext& call,
                                                               const ObjectRef& object,
                                                               std::int64_t offset) {
  SATCHEL_ASSIGN_OR_RETURN(std::unique_ptr<ObjectReader> reader,
                           stack_.Run(call, CallLength::kTransfer, [&](const CallContext& inner) {
                             return inner_.Open(inner, object, offset);
                           }));
  if (reader == nullptr) return std::unique_ptr<ObjectReader>();
  return std::unique_ptr<ObjectReader>(std::make_unique<GuardedReader>(std::move(reader), stack_));
}

Result<ObjectVersion> GuardedObjectStore::FindNewest(const CallContext& call,
                                                     const std::string& key) {
  return stack_.Run(call, CallLength::kShort,
                    [&](const CallContext& inner) { return inner_.FindNewest(inner, key); });
}

Status GuardedObjectStore::Remove(const CallContext& call, const ObjectRef& object) {
  return stack_.Run(call, CallLength::kTransfer,
                    [&](const CallContext& inner) { return inner_.Remove(inner, object); });
}

Status GuardedObjectStore::RemoveAttempt(const CallContext& call, const std::string& key,
                                         const AttemptId& attempt, const UploadId& upload) {
  return stack_.Run(call, CallLength::kTransfer, [&](const CallContext& inner) {
    return inner_.RemoveAttempt(inner, key, attempt, upload);
  });
}

Result<StoredVersionPage> GuardedObjectStore::ListVersions(const CallContext& call,
                                                           const std::string& cursor) {
  return stack_.Run(call, CallLength::kTransfer,
                    [&](const CallContext& inner) { return inner_.ListVersions(inner, cursor); });
}

Status GuardedObjectStore::Probe(const CallContext& call) {
  return stack_.Run(call, CallLength::kShort,
                    [&](const CallContext& inner) { return inner_.Probe(inner); });
}

Result<Timestamp> GuardedObjectStore::Now(const CallContext& call) {
  return stack_.Run(call, CallLength::kShort,
                    [&](const CallContext& inner) { return inner_.Now(inner); });
}

Result<std::optional<StoreId>> GuardedObjectStore::ReadStoreId(const CallContext& call) {
  return stack_.Run(call, CallLength::kShort,
                    [&](const CallContext& inner) { return inner_.ReadStoreId(inner); });
}

Status GuardedObjectStore::WriteStoreId(const CallContext& call, const StoreId& id) {
  return stack_.Run(call, CallLength::kShort,
                    [&](const CallContext& inner) { return inner_.WriteStoreId(inner, id); });
}

}  // namespace satchel
