#include "memory_object_store.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

#include "base/sha256.h"

namespace satchel {
namespace {

constexpr std::size_t kPageVersions = 3;  // small, so that every test turns pages

using Bytes = std::vector<std::byte>;

Bytes ToBytes(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

UploadId UploadOf(const AttemptId& attempt) { return UploadId("upload-" + attempt.value()); }

Status Gone(std::string cause) {
  return Status(Reason::kObjectStoreUnavailable, "the object store refused").WithCause(cause);
}

}  // namespace

std::string NameOf(VersionNaming naming) {
  switch (naming) {
    case VersionNaming::kAttempt:
      return "Attempt";
    case VersionNaming::kOpaque:
      return "Opaque";
    case VersionNaming::kMultipart:
      return "Multipart";
  }
  return "";
}

struct MemoryObjectStore::State {
  struct Version {
    std::shared_ptr<const Bytes> bytes;
    Timestamp modified_at;
  };
  struct Staged {
    ObjectSpec spec;
    Bytes bytes;
    std::uint64_t epoch = 0;
    bool unwanted = false;  ///< its removal was asked for while a request was under way
  };

  /// Of the key; the empty one is no key.
  std::map<ObjectRef, Version>::iterator Newest(const std::string& key) {
    auto newest = versions.end();
    for (auto it = versions.begin(); it != versions.end(); ++it) {
      if (!key.empty() && it->first.key == key) newest = it;
    }
    return newest;
  }

  std::mutex mutex;
  // All that follows is guarded by it.
  std::map<ObjectRef, Version> versions;
  std::map<AttemptId, Staged> staged;
  std::optional<StoreId> id;
  std::uint64_t epoch = 0;  ///< counts crashes
  std::uint64_t next_version = 1;
};

class MemoryObjectStore::Writer final : public ObjectWriter {
 public:
  Writer(std::shared_ptr<State> state, const Clock& clock, VersionNaming naming, AttemptId attempt,
         std::uint64_t epoch)
      : state_(std::move(state)),
        clock_(clock),
        naming_(naming),
        attempt_(std::move(attempt)),
        epoch_(epoch) {}

  ~Writer() override {
    const std::lock_guard lock(state_->mutex);
    if (Alive()) state_->staged.erase(attempt_);
  }

  Status Append(const CallContext& call, std::span<const std::byte> bytes) override {
    SATCHEL_RETURN_IF_ERROR(call.Check());
    const std::lock_guard lock(state_->mutex);
    // Like a file that was unlinked: it still takes bytes, but will never be visible.
    if (!Alive()) return {};
    State::Staged& staged = state_->staged.at(attempt_);
    if (staged.bytes.size() + bytes.size() > static_cast<std::size_t>(staged.spec.size)) {
      return InternalError("more bytes than announced");
    }
    staged.bytes.insert(staged.bytes.end(), bytes.begin(), bytes.end());
    return {};
  }

  Result<ObjectVersion> Commit(const CallContext& call, const ContentHash& sha256) override {
    SATCHEL_RETURN_IF_ERROR(call.Check());
    const std::lock_guard lock(state_->mutex);
    if (!Alive()) return Gone("what was staged is gone");
    State::Staged& staged = state_->staged.at(attempt_);
    if (staged.bytes.size() != static_cast<std::size_t>(staged.spec.size)) {
      return InternalError("fewer bytes than announced");
    }
    Sha256 hash;
    hash.Update(staged.bytes);
    if (hash.Finish() != sha256) return InternalError("the bytes are not those of the hash");
    ObjectRef object{staged.spec.key, ObjectVersion("v" + std::to_string(state_->next_version++))};
    if (naming_ == VersionNaming::kAttempt) object = {"", ObjectVersion(attempt_.value())};
    state_->versions[object] = {std::make_shared<Bytes>(std::move(staged.bytes)), clock_.WallNow()};
    state_->staged.erase(attempt_);
    return object.version;
  }

  UploadId upload() const override {
    return naming_ == VersionNaming::kMultipart ? UploadOf(attempt_) : UploadId();
  }

 private:
  bool Alive() const { return state_->epoch == epoch_ && state_->staged.contains(attempt_); }

  const std::shared_ptr<State> state_;
  const Clock& clock_;
  const VersionNaming naming_;
  const AttemptId attempt_;
  const std::uint64_t epoch_;
};

class MemoryObjectStore::Reader final : public ObjectReader {
 public:
  Reader(std::shared_ptr<const Bytes> bytes, std::size_t position)
      : bytes_(std::move(bytes)), position_(position) {}

  Result<std::size_t> Read(const CallContext& call, std::span<std::byte> buffer) override {
    SATCHEL_RETURN_IF_ERROR(call.Check());
    const std::size_t count = std::min(buffer.size(), bytes_->size() - position_);
    if (count > 0) std::memcpy(buffer.data(), bytes_->data() + position_, count);
    position_ += count;
    return count;
  }
  std::int64_t size() const override { return static_cast<std::int64_t>(bytes_->size()); }

 private:
  const std::shared_ptr<const Bytes> bytes_;
  std::size_t position_;
};

MemoryObjectStore::MemoryObjectStore(const Clock& clock, VersionNaming naming)
    : clock_(clock), naming_(naming), state_(std::make_shared<State>()) {}

MemoryObjectStore::~MemoryObjectStore() = default;

Result<std::unique_ptr<ObjectWriter>> MemoryObjectStore::Create(const CallContext& call,
                                                                const ObjectSpec& spec) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  const std::lock_guard lock(state_->mutex);
  const State::Staged staged{.spec = spec, .bytes = {}, .epoch = state_->epoch};
  if (state_->versions.contains({"", ObjectVersion(spec.attempt.value())}) ||
      !state_->staged.emplace(spec.attempt, staged).second) {
    return InternalError("the attempt was used before");
  }
  return std::unique_ptr<ObjectWriter>(
      std::make_unique<Writer>(state_, clock_, naming_, spec.attempt, state_->epoch));
}

Result<std::unique_ptr<ObjectReader>> MemoryObjectStore::Open(const CallContext& call,
                                                              const ObjectRef& object,
                                                              std::int64_t offset) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  const std::lock_guard lock(state_->mutex);
  const ObjectRef stored{naming_ == VersionNaming::kAttempt ? "" : object.key, object.version};
  // Without a version the store answers with the newest of the key.
  const auto found =
      object.version.empty() ? state_->Newest(stored.key) : state_->versions.find(stored);
  if (found == state_->versions.end()) return std::unique_ptr<ObjectReader>();
  const auto& bytes = found->second.bytes;
  if (offset < 0 || static_cast<std::size_t>(offset) > bytes->size()) {
    return InternalError("offset past the end");
  }
  return std::unique_ptr<ObjectReader>(
      std::make_unique<Reader>(bytes, static_cast<std::size_t>(offset)));
}

Result<ObjectVersion> MemoryObjectStore::FindNewest(const CallContext& call,
                                                    const std::string& key) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  const std::lock_guard lock(state_->mutex);
  const auto newest = state_->Newest(key);
  return newest == state_->versions.end() ? ObjectVersion() : newest->first.version;
}

Status MemoryObjectStore::Remove(const CallContext& call, const ObjectRef& object) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  const std::lock_guard lock(state_->mutex);
  if (object.version.empty()) return InternalError("removal without a version");
  state_->versions.erase({naming_ == VersionNaming::kAttempt ? "" : object.key, object.version});
  return {};
}

Status MemoryObjectStore::RemoveAttempt(const CallContext& call, const std::string& /*key*/,
                                        const AttemptId& attempt, const UploadId& upload) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  const std::lock_guard lock(state_->mutex);
  if (naming_ == VersionNaming::kAttempt) {
    state_->versions.erase({"", ObjectVersion(attempt.value())});
    state_->staged.erase(attempt);
    return {};
  }
  if (!upload.empty()) {
    std::erase_if(state_->staged,
                  [&](const auto& staged) { return UploadOf(staged.first) == upload; });
    return {};
  }
  // A request under way cannot be called back; only what a dead process left can be removed.
  const auto staged = state_->staged.find(attempt);
  if (staged == state_->staged.end()) return {};
  staged->second.unwanted = true;
  if (staged->second.epoch != state_->epoch) state_->staged.erase(staged);
  return {};
}

Result<StoredVersionPage> MemoryObjectStore::ListVersions(const CallContext& call,
                                                          const std::string& cursor) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  const std::lock_guard lock(state_->mutex);
  // The cursor is the last version of the page before, so that removals do not shift the pages.
  auto position = state_->versions.begin();
  if (!cursor.empty()) {
    const std::size_t newline = cursor.find('\n');
    position = state_->versions.upper_bound(
        {cursor.substr(newline + 1), ObjectVersion(cursor.substr(0, newline))});
  }
  StoredVersionPage page;
  for (; position != state_->versions.end() && page.versions.size() < kPageVersions; ++position) {
    page.versions.push_back({position->first,
                             static_cast<std::int64_t>(position->second.bytes->size()),
                             position->second.modified_at});
  }
  if (position != state_->versions.end()) {
    const ObjectRef& last = page.versions.back().object;
    page.next_cursor = last.version.value() + "\n" + last.key;
  }
  return page;
}

Status MemoryObjectStore::Probe(const CallContext& call) { return call.Check(); }

Result<Timestamp> MemoryObjectStore::Now(const CallContext& call) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  return clock_.WallNow();
}

Result<std::optional<StoreId>> MemoryObjectStore::ReadStoreId(const CallContext& call) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  const std::lock_guard lock(state_->mutex);
  return state_->id;
}

Status MemoryObjectStore::WriteStoreId(const CallContext& call, const StoreId& id) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  const std::lock_guard lock(state_->mutex);
  if (state_->id && *state_->id != id) return ConfigurationError("the store has an id");
  state_->id = id;
  return {};
}

std::vector<ObjectRef> MemoryObjectStore::versions() const {
  const std::lock_guard lock(state_->mutex);
  std::vector<ObjectRef> all;
  for (const auto& [object, version] : state_->versions) all.push_back(object);
  return all;
}

std::size_t MemoryObjectStore::staged_count() const {
  const std::lock_guard lock(state_->mutex);
  return state_->staged.size();
}

void MemoryObjectStore::Crash() {
  const std::lock_guard lock(state_->mutex);
  ++state_->epoch;
  // Their requests end with the process.
  std::erase_if(state_->staged, [](const auto& staged) { return staged.second.unwanted; });
}

void MemoryObjectStore::Plant(const ObjectRef& object, std::string_view bytes) {
  const std::lock_guard lock(state_->mutex);
  state_->versions[object] = {std::make_shared<Bytes>(ToBytes(bytes)), clock_.WallNow()};
}

void MemoryObjectStore::Overwrite(const ObjectRef& object, std::string_view bytes) {
  const std::lock_guard lock(state_->mutex);
  state_->versions.at({naming_ == VersionNaming::kAttempt ? "" : object.key, object.version})
      .bytes = std::make_shared<Bytes>(ToBytes(bytes));
}

void MemoryObjectStore::EraseVersion(const ObjectRef& object) {
  const std::lock_guard lock(state_->mutex);
  state_->versions.erase({naming_ == VersionNaming::kAttempt ? "" : object.key, object.version});
}

void MemoryObjectStore::SetStoreId(std::optional<StoreId> id) {
  const std::lock_guard lock(state_->mutex);
  state_->id = std::move(id);
}

}  // namespace satchel
