/// The object store over S3: MinIO or any other store that speaks plain S3 with versioned buckets.
///
///     S3StoreOptions options;
///     options.endpoint = ParseS3Endpoint("MINIO_ENDPOINT", "minio:9000", false).value();
///     options.credentials = {access_key, secret_key};
///     S3ObjectStore store(std::move(options), clock, pauses);   // reaches nobody yet
///     Status ready = SetUpBuckets(store.client(), call, log);   // s3_bucket_setup.h
///
/// See ports/object_store.h for what each method promises.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "adapters/s3/s3_client.h"
#include "adapters/s3/s3_options.h"
#include "adapters/s3/s3_retry.h"
#include "base/clock.h"
#include "ports/object_store.h"

namespace satchel {

/// Thread-safe. Versions are the store's own. Every object is written as a new version and removed
/// by its id, so that nothing is overwritten and no delete marker is ever made.
class S3ObjectStore final : public ObjectStore {
 public:
  /// `clock` (its wall clock dates signatures) and `pauses` must outlive the store, and the store
  /// all its readers and writers.
  S3ObjectStore(S3StoreOptions options, const Clock& clock, Pauses& pauses)
      : client_(std::move(options), clock, pauses) {}

  S3Client& client() { return client_; }

  Result<std::unique_ptr<ObjectWriter>> Create(const CallContext& call,
                                               const ObjectSpec& spec) override;
  /// An empty version, as rows of other programs have, means the newest of the key.
  Result<std::unique_ptr<ObjectReader>> Open(const CallContext& call, const ObjectRef& object,
                                             std::int64_t offset) override;
  Result<ObjectVersion> FindNewest(const CallContext& call, const std::string& key) override;
  /// INTERNAL for an empty version: S3 would hide the newest one instead.
  Status Remove(const CallContext& call, const ObjectRef& object) override;
  Status RemoveAttempt(const CallContext& call, const std::string& key, const AttemptId& attempt,
                       const UploadId& upload) override;
  /// Versions under documents/, at most S3StoreOptions::listing_page_max a page.
  Result<StoredVersionPage> ListVersions(const CallContext& call,
                                         const std::string& cursor) override;

  /// One request, never repeated: whether the bucket still keeps versions.
  Status Probe(const CallContext& call) override;
  /// The Date of an answer: whole seconds.
  Result<Timestamp> Now(const CallContext& call) override;
  Result<std::optional<StoreId>> ReadStoreId(const CallContext& call) override;
  /// CONFIGURATION_INVALID when there is one already.
  Status WriteStoreId(const CallContext& call, const StoreId& id) override;

 private:
  S3Client client_;
};

}  // namespace satchel
