/// The stores that the configuration names, behind their guards: any object store with any
/// database. With object_backend and metadata_backend the only files that name concrete stores.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "adapters/localfs/storage_folder.h"
#include "app/config.h"
#include "app/metadata_backend.h"
#include "app/object_backend.h"
#include "base/clock.h"
#include "base/identifiers.h"
#include "base/status.h"
#include "ports/dependency_observer.h"
#include "ports/event_log.h"
#include "resilience/dependency_guard.h"
#include "resilience/guarded_metadata_store.h"
#include "resilience/guarded_object_store.h"

namespace satchel {

/// What a Backend uses and does not own; all of it outlives the backend.
struct BackendEnvironment {
  const Clock& clock;
  IdGenerator& ids;
  EventLog& log;
  DependencyObserver& observer;
};

/// Thread-safe, but for Check() and Open().
///
/// What lies on this machine is opened and checked by Make(). What lies behind a network may be
/// away then: nothing reaches it before Check() has passed.
class Backend {
 public:
  /// What becomes of a storage folder that is not there, or holds nothing of ours.
  enum class Missing : bool { kRefuse, kMake };

  /// Fails closed: a folder of another process, a schema from the future, a lost signing key.
  static Result<std::unique_ptr<Backend>> Make(const Config& config, Missing missing,
                                               Migrate migrate,
                                               const BackendEnvironment& environment);
  static Result<std::unique_ptr<StorageFolder>> OpenFolder(const Config& config, Missing missing);
  ~Backend();

  /// Whether database and object store can be used, and belong together. An error that
  /// IsAway(): ask again later; any other error stops the process. A database that was paired
  /// before answers from then on while its store is still away: reads and deletes need no bytes.
  Status Check(const CallContext& call);
  /// After Check(): calls may reach both.
  void Open();

  MetadataStore& metadata() { return *metadata_; }
  ImportBook& imports() { return *metadata_backend_.store; }
  ObjectStore& objects() { return *objects_; }
  LinkSigner& links() { return *object_backend_.links; }
  /// The signer whose links our own HTTP port answers; null: the store answers them itself.
  LocalLinkSigner* own_links() { return object_backend_.own_links; }

  /// The stores themselves, without guards: for what comes before Open(), and for probes.
  MetadataStore& bare_metadata() { return *metadata_backend_.store; }
  ObjectStore& bare_objects() { return *object_backend_.store; }
  /// Until Open(), calls that need the object store are told that `why` was what Check() said of
  /// it. For commands: callers from outside need not know where it is.
  void ExplainStore(const Status& why);
  /// Whether it can be used now; asked past its breaker.
  Status Probe(const CallContext& call, Dependency dependency);
  /// nullopt: embedded, and without a breaker.
  std::optional<BreakerState> breaker_state(Dependency dependency) const;

  /// Calls may reach the database, whatever the object store does.
  bool rows_open() const { return metadata_guard_ == nullptr || metadata_guard_->open(); }
  /// No other process uses this database while this one lives.
  bool sole_user() const { return folder_ != nullptr; }
  /// gRPC's name for the administration socket; nullopt: there is no folder for one. Sockets' own
  /// paths are limited to 107 bytes.
  std::optional<std::string> admin_address() const;

 private:
  Backend(const BackendEnvironment& environment, std::unique_ptr<StorageFolder> folder,
          MetadataBackend metadata, ObjectBackend objects);
  void Guard(const Config& config);
  Status CheckHalves(const CallContext& call);

  const BackendEnvironment environment_;
  const std::unique_ptr<StorageFolder> folder_;  ///< null: this configuration needs none
  const MetadataBackend metadata_backend_;
  const ObjectBackend object_backend_;
  std::unique_ptr<DependencyGuard> metadata_guard_;  ///< null: embedded
  std::unique_ptr<DependencyGuard> object_guard_;    ///< null: embedded
  std::optional<GuardedMetadataStore> guarded_metadata_;
  std::optional<GuardedObjectStore> guarded_objects_;
  MetadataStore* metadata_ = nullptr;
  ObjectStore* objects_ = nullptr;
};

/// Whether this configuration keeps anything in STORAGE_DIR.
bool UsesStorageFolder(const Config& config);

}  // namespace satchel
