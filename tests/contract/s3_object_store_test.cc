#include "adapters/s3/s3_object_store.h"

#include <mutex>

#include "adapters/s3/s3_bucket_setup.h"
#include "contract/object_store_contract.h"
#include "support/recording_observers.h"
#include "support/s3_server.h"

namespace satchel {
namespace {

/// versitygw 1.8 keeps older versions in a second folder, and loses sight of one for the moment in
/// which a newer one of the same key takes its place: one request to a key at a time.
class OneAtATime final : public ObjectStore {
 public:
  explicit OneAtATime(ObjectStore& inner) : inner_(inner) {}

  Result<std::unique_ptr<ObjectWriter>> Create(const CallContext& call,
                                               const ObjectSpec& spec) override {
    SATCHEL_ASSIGN_OR_RETURN(std::unique_ptr<ObjectWriter> writer, inner_.Create(call, spec));
    return std::unique_ptr<ObjectWriter>(std::make_unique<Writer>(std::move(writer), mutex_));
  }
  Result<std::unique_ptr<ObjectReader>> Open(const CallContext& call, const ObjectRef& object,
                                             std::int64_t offset) override {
    const std::lock_guard lock(mutex_);
    return inner_.Open(call, object, offset);
  }
  Result<ObjectVersion> FindNewest(const CallContext& call, const std::string& key) override {
    const std::lock_guard lock(mutex_);
    return inner_.FindNewest(call, key);
  }
  Status Remove(const CallContext& call, const ObjectRef& object) override {
    const std::lock_guard lock(mutex_);
    return inner_.Remove(call, object);
  }
  Status RemoveAttempt(const CallContext& call, const std::string& key, const AttemptId& attempt,
                       const UploadId& upload) override {
    return inner_.RemoveAttempt(call, key, attempt, upload);
  }
  Result<StoredVersionPage> ListVersions(const CallContext& call,
                                         const std::string& cursor) override {
    return inner_.ListVersions(call, cursor);
  }
  Status Probe(const CallContext& call) override { return inner_.Probe(call); }
  Result<Timestamp> Now(const CallContext& call) override { return inner_.Now(call); }
  Result<std::optional<StoreId>> ReadStoreId(const CallContext& call) override {
    return inner_.ReadStoreId(call);
  }
  Status WriteStoreId(const CallContext& call, const StoreId& id) override {
    return inner_.WriteStoreId(call, id);
  }

 private:
  class Writer final : public ObjectWriter {
   public:
    Writer(std::unique_ptr<ObjectWriter> inner, std::mutex& mutex)
        : inner_(std::move(inner)), mutex_(mutex) {}

    Status Append(const CallContext& call, std::span<const std::byte> bytes) override {
      return inner_->Append(call, bytes);
    }
    Result<ObjectVersion> Commit(const CallContext& call, const ContentHash& sha256) override {
      const std::lock_guard lock(mutex_);
      return inner_->Commit(call, sha256);
    }
    UploadId upload() const override { return inner_->upload(); }

   private:
    const std::unique_ptr<ObjectWriter> inner_;
    std::mutex& mutex_;
  };

  ObjectStore& inner_;
  std::mutex mutex_;
};

/// A bucket of its own on a server that all tests share.
class S3StoreUnderTest final : public ObjectStoreUnderTest {
 public:
  explicit S3StoreUnderTest(S3Server::Kind kind)
      : kind_(kind), options_(S3Server::Shared(kind).Options()) {
    // So that every test turns pages.
    options_.listing_page_max = 7;
    Reopen();
    const Status ready = SetUpBuckets(store_->client(), CallContext("start"), log_);
    EXPECT_TRUE(ready.ok()) << ready.ToString();
  }
  ObjectStore& store() override {
    if (kind_ == S3Server::Kind::kVersitygw) return *one_at_a_time_;
    return *store_;
  }
  void Reopen() override {
    store_ = std::make_unique<S3ObjectStore>(options_, clock_, pauses_);
    one_at_a_time_ = std::make_unique<OneAtATime>(*store_);
  }

 private:
  const S3Server::Kind kind_;
  const SystemClock clock_;
  SystemPauses pauses_;
  RecordingEventLog log_;
  S3StoreOptions options_;
  std::unique_ptr<S3ObjectStore> store_;
  std::unique_ptr<OneAtATime> one_at_a_time_;
};

INSTANTIATE_TEST_SUITE_P(
    S3, ObjectStoreContract,
    testing::Values(
        ObjectStoreBackEnd{
            "Minio", [] { return std::make_unique<S3StoreUnderTest>(S3Server::Kind::kMinio); }},
        ObjectStoreBackEnd{
            "Versitygw",
            [] { return std::make_unique<S3StoreUnderTest>(S3Server::Kind::kVersitygw); }}),
    NameOfObjectStore);

}  // namespace
}  // namespace satchel
