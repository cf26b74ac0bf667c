/// Objects on their way into the store, each in the way that its length asks for.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/s3/s3_client.h"
#include "adapters/s3/s3_requests.h"
#include "adapters/s3/streamed_put.h"
#include "base/sha256.h"
#include "ports/object_store.h"

namespace satchel {

/// Up to kBufferedBytesMax: kept until Commit(), which sends them in one request that the store
/// checks before it takes it. Up to S3StoreOptions::single_put_bytes_max: one request that is sent
/// while the bytes come, and ended in Commit(). Above: a multipart upload.
Result<std::unique_ptr<ObjectWriter>> MakeS3Writer(S3Client& client, const CallContext& call,
                                                   const ObjectSpec& spec);

inline constexpr std::int64_t kBufferedBytesMax = 128 * 1024;

class BufferedS3Writer final : public ObjectWriter {
 public:
  BufferedS3Writer(S3Client& client, ObjectSpec spec);

  Status Append(const CallContext& call, std::span<const std::byte> bytes) override;
  Result<ObjectVersion> Commit(const CallContext& call, const ContentHash& sha256) override;

 private:
  S3Client& client_;
  const ObjectSpec spec_;
  std::string bytes_;
};

class StreamingS3Writer final : public ObjectWriter {
 public:
  StreamingS3Writer(S3Client& client, ObjectSpec spec);

  Status Append(const CallContext& call, std::span<const std::byte> bytes) override;
  Result<ObjectVersion> Commit(const CallContext& call, const ContentHash& sha256) override;

 private:
  S3Client& client_;
  const ObjectSpec spec_;
  StreamedPut put_;
  std::int64_t appended_ = 0;
};

/// The last part of S3's numbering holds the attempt's id and never becomes part of the object: it
/// alone tells whose upload it is, since S3 shows an upload's metadata to nobody. Destruction asks
/// the store for nothing: an upload that was not completed is RemoveAttempt()'s to abort.
class MultipartS3Writer final : public ObjectWriter {
 public:
  static Result<std::unique_ptr<ObjectWriter>> Make(S3Client& client, const CallContext& call,
                                                    const ObjectSpec& spec);

  MultipartS3Writer(S3Client& client, ObjectSpec spec, UploadId upload);

  Status Append(const CallContext& call, std::span<const std::byte> bytes) override;
  Result<ObjectVersion> Commit(const CallContext& call, const ContentHash& sha256) override;
  UploadId upload() const override { return upload_; }

 private:
  void BeginPart();
  Status FinishPart(const CallContext& call);

  S3Client& client_;
  const ObjectSpec spec_;
  const UploadId upload_;
  const std::int64_t part_bytes_max_;
  std::vector<S3Part> parts_;  ///< finished
  // The part under way.
  std::unique_ptr<StreamedPut> put_;
  std::optional<Sha256> part_hash_;
  std::int64_t part_bytes_ = 0;
  std::int64_t part_appended_ = 0;

  std::int64_t appended_ = 0;  ///< all parts
};

}  // namespace satchel
