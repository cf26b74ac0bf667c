/// The stores that the configuration names, opened, checked and paired: the only file pair that
/// chooses between concrete stores.
#pragma once

#include <memory>
#include <string>

#include "adapters/localfs/local_link_signer.h"
#include "adapters/localfs/local_object_store.h"
#include "adapters/localfs/storage_folder.h"
#include "app/config.h"
#include "base/clock.h"
#include "base/identifiers.h"
#include "base/status.h"
#include "ports/metadata_store.h"

namespace satchel {

/// The embedded default: local files and SQLite in one folder that this process owns.
class Backend {
 public:
  enum class Migrate : bool { kNo, kYes };
  /// What becomes of a storage folder that is not there, or holds nothing of ours.
  enum class Missing : bool { kRefuse, kMake };

  /// Fails closed: a folder of another process, a store that belongs to another database, a schema
  /// from the future, a lost signing key. `clock` and `ids` must outlive the backend.
  static Result<std::unique_ptr<Backend>> Open(const Config& config, Missing missing,
                                               Migrate migrate, const Clock& clock,
                                               IdGenerator& ids);
  static Result<std::unique_ptr<StorageFolder>> OpenFolder(const Config& config, Missing missing);

  MetadataStore& metadata() { return *metadata_; }
  ObjectStore& objects() { return objects_; }
  LocalLinkSigner& links() { return links_; }
  /// gRPC's name for the administration socket; sockets' own paths are limited to 107 bytes.
  std::string admin_address() const;

  Backend(std::unique_ptr<StorageFolder> folder, std::unique_ptr<MetadataStore> metadata,
          std::string public_url, Secret link_key, const Clock& clock)
      : folder_(std::move(folder)),
        metadata_(std::move(metadata)),
        objects_(*folder_),
        links_(std::move(public_url), std::move(link_key), clock) {}

 private:
  std::unique_ptr<StorageFolder> folder_;
  std::unique_ptr<MetadataStore> metadata_;
  LocalObjectStore objects_;
  LocalLinkSigner links_;
};

}  // namespace satchel
