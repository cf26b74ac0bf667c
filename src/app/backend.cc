#include "app/backend.h"

#include <utility>

#include "adapters/localfs/local_object_store.h"
#include "cli/admin_client.h"
#include "core/store_pairing.h"
#include "resilience/unavailable.h"

namespace satchel {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kPairingTimeMax = 15s;

DependencyGuardOptions GuardOptions(Dependency dependency, const Config& config) {
  DependencyGuardOptions options;
  options.dependency = dependency;
  options.breaker = {.failures_max = config.breaker_failures, .open_for = config.breaker_open};
  return options;
}

/// Whether a folder without a signing key must have had one: by its database where that is at hand,
/// and then only if the two belong together; else by its own objects.
Result<bool> HadLinks(const CallContext& call, const MetadataBackend& metadata,
                      const StorageFolder& folder, IdGenerator& ids) {
  LocalObjectStore objects(folder);
  if (!metadata.remote) {
    SATCHEL_RETURN_IF_ERROR(PairStores(call, *metadata.store, objects, ids).status());
    return metadata.store->HasDocuments(call);
  }
  std::string cursor;
  do {
    SATCHEL_ASSIGN_OR_RETURN(StoredVersionPage page, objects.ListVersions(call, cursor));
    if (!page.versions.empty()) return true;
    cursor = std::move(page.next_cursor);
  } while (!cursor.empty());
  return false;
}

}  // namespace

bool UsesStorageFolder(const Config& config) {
  return config.storage_backend == StorageBackend::kLocal ||
         config.database.kind == DatabaseKind::kSqlite;
}

Result<std::unique_ptr<StorageFolder>> Backend::OpenFolder(const Config& config, Missing missing) {
  return missing == Missing::kMake ? StorageFolder::Make(config.storage_dir)
                                   : StorageFolder::OpenExisting(config.storage_dir);
}

Result<std::unique_ptr<Backend>> Backend::Make(const Config& config, Missing missing,
                                               Migrate migrate,
                                               const BackendEnvironment& environment) {
  std::unique_ptr<StorageFolder> folder;
  if (UsesStorageFolder(config)) {
    SATCHEL_ASSIGN_OR_RETURN(folder, OpenFolder(config, missing));
  }
  SATCHEL_ASSIGN_OR_RETURN(MetadataBackend metadata,
                           MakeMetadataBackend(config, migrate, environment.clock));
  const auto had_links = [&]() {
    return HadLinks(CallContext("start"), metadata, *folder, environment.ids);
  };
  SATCHEL_ASSIGN_OR_RETURN(
      ObjectBackend objects,
      MakeObjectBackend(config, folder.get(), {environment.clock, environment.log, had_links}));
  auto backend = std::unique_ptr<Backend>(
      new Backend(environment, std::move(folder), std::move(metadata), std::move(objects)));
  backend->Guard(config);
  return backend;
}

Backend::Backend(const BackendEnvironment& environment, std::unique_ptr<StorageFolder> folder,
                 MetadataBackend metadata, ObjectBackend objects)
    : environment_(environment),
      folder_(std::move(folder)),
      metadata_backend_(std::move(metadata)),
      object_backend_(std::move(objects)),
      metadata_(metadata_backend_.store.get()),
      objects_(object_backend_.store.get()) {}

Backend::~Backend() = default;

void Backend::Guard(const Config& config) {
  const BackendEnvironment& given = environment_;
  if (metadata_backend_.remote) {
    metadata_guard_ = std::make_unique<DependencyGuard>(
        GuardOptions(Dependency::kDatabase, config),
        [this](const CallContext& call) { return bare_metadata().Probe(call); }, given.clock,
        given.log, given.observer);
    metadata_ = &guarded_metadata_.emplace(bare_metadata(), metadata_guard_->stack());
  }
  if (object_backend_.remote) {
    object_guard_ = std::make_unique<DependencyGuard>(
        GuardOptions(Dependency::kObjectStore, config),
        [this](const CallContext& call) { return bare_objects().Probe(call); }, given.clock,
        given.log, given.observer);
    objects_ = &guarded_objects_.emplace(bare_objects(), object_guard_->stack());
  }
}

Status Backend::CheckHalves(const CallContext& call) {
  Status database = metadata_backend_.check(call);
  if (!database.ok() && !IsAway(database)) return database;
  Status store = object_backend_.check(call);
  if (!store.ok() && !IsAway(store)) return store;
  if (!database.ok() || store.ok()) return database;
  // Paired before: what needs no bytes can be done without the store.
  const Result<std::optional<StoreId>> paired = bare_metadata().ReadStoreId(call);
  if (metadata_guard_ != nullptr && paired.ok() && *paired) metadata_guard_->Open();
  return store;
}

Status Backend::Check(const CallContext& call) {
  SATCHEL_RETURN_IF_ERROR(CheckHalves(call));
  const CallContext limited(call, environment_.clock.SteadyNow() + kPairingTimeMax);
  return PairStores(limited, bare_metadata(), bare_objects(), environment_.ids).status();
}

void Backend::Open() {
  if (metadata_guard_ != nullptr) metadata_guard_->Open();
  if (object_guard_ != nullptr) object_guard_->Open();
}

void Backend::ExplainStore(const Status& why) {
  if (object_guard_ != nullptr) object_guard_->ExplainClosed(why);
}

Status Backend::Probe(const CallContext& call, Dependency dependency) {
  const bool database = dependency == Dependency::kDatabase;
  const auto& guard = database ? metadata_guard_ : object_guard_;
  if (guard != nullptr) return guard->Ask(call);
  return database ? bare_metadata().Probe(call) : bare_objects().Probe(call);
}

std::optional<BreakerState> Backend::breaker_state(Dependency dependency) const {
  const auto& guard = dependency == Dependency::kDatabase ? metadata_guard_ : object_guard_;
  if (guard == nullptr) return std::nullopt;
  return guard->breaker_state();
}

std::optional<std::string> Backend::admin_address() const {
  if (folder_ == nullptr) return std::nullopt;
  return "unix:/proc/self/fd/" + std::to_string(folder_->root()) + "/" + cli::kAdminSocketName;
}

}  // namespace satchel
