#include "app/object_backend.h"

#include <string>
#include <utility>

#include "adapters/localfs/link_key.h"
#include "adapters/localfs/local_object_store.h"
#include "adapters/s3/s3_bucket_setup.h"
#include "adapters/s3/s3_link_signer.h"
#include "adapters/s3/s3_object_store.h"
#include "app/config_tls.h"

namespace satchel {
namespace {

using namespace std::chrono_literals;

/// What a store on the network gets to answer for its buckets at the start.
constexpr std::chrono::milliseconds kSetUpTimeMax = 5s;

Result<ObjectBackend> OpenLocal(const Config& config, const StorageFolder& folder,
                                const ObjectBackendDependencies& given) {
  ObjectBackend backend;
  backend.store = std::make_unique<LocalObjectStore>(folder);
  SATCHEL_ASSIGN_OR_RETURN(const bool had_links, given.had_links());
  SATCHEL_ASSIGN_OR_RETURN(Secret key, LoadLinkKey(folder, had_links));
  auto links = std::make_unique<LocalLinkSigner>(config.public_url, std::move(key), given.clock);
  backend.own_links = links.get();
  backend.links = std::move(links);
  backend.check = [](const CallContext&) { return Status(); };
  return backend;
}

/// The store with what it needs for as long as it lives.
class OwnedS3Store {
 public:
  OwnedS3Store(S3StoreOptions options, const Clock& clock)
      : store_(std::move(options), clock, pauses_) {}
  S3ObjectStore& store() { return store_; }

 private:
  SystemPauses pauses_;
  S3ObjectStore store_;
};

Result<ObjectBackend> MakeS3(const Config& config, const ObjectBackendDependencies& given) {
  S3StoreOptions options;
  SATCHEL_ASSIGN_OR_RETURN(
      options.endpoint,
      ParseS3Endpoint("MINIO_ENDPOINT", config.minio_endpoint, config.minio_secure));
  options.region = config.minio_region;
  options.bucket = config.minio_bucket;
  options.credentials = {config.minio_access_key, config.minio_secret_key};
  if (!config.minio_ca.empty()) {
    SATCHEL_ASSIGN_OR_RETURN(options.ca_pem, ReadPem("MINIO_CA", config.minio_ca));
  }
  S3LinkOptions links;
  SATCHEL_ASSIGN_OR_RETURN(
      links.endpoint,
      ParseS3Endpoint("MINIO_PUBLIC_ENDPOINT", config.minio_public_endpoint, config.minio_secure));
  links.region = options.region;
  links.bucket = options.bucket;
  links.credentials = options.credentials;

  ObjectBackend backend;
  backend.links = std::make_unique<S3LinkSigner>(std::move(links), given.clock);
  const auto owned = std::make_shared<OwnedS3Store>(std::move(options), given.clock);
  backend.store = std::shared_ptr<ObjectStore>(owned, &owned->store());
  backend.check = [owned, &given_clock = given.clock, &log = given.log](const CallContext& call) {
    const CallContext limited(call, given_clock.SteadyNow() + kSetUpTimeMax);
    return SetUpBuckets(owned->store().client(), limited, log);
  };
  backend.remote = true;
  return backend;
}

}  // namespace

Result<ObjectBackend> MakeObjectBackend(const Config& config, const StorageFolder* folder,
                                        const ObjectBackendDependencies& given) {
  return config.storage_backend == StorageBackend::kMinio ? MakeS3(config, given)
                                                          : OpenLocal(config, *folder, given);
}

}  // namespace satchel
