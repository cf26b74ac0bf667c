/// Links that the store itself answers: presigned GETs of one version.
///
///     S3LinkSigner links({.endpoint = ParseS3Endpoint("MINIO_PUBLIC_ENDPOINT", text,
///                                                     config.minio_secure).value(),
///                         .region = …, .bucket = …, .credentials = …}, clock);
#pragma once

#include <chrono>
#include <string>

#include "adapters/s3/s3_options.h"
#include "base/clock.h"
#include "ports/link_signer.h"

namespace satchel {

struct S3LinkOptions {
  S3Endpoint endpoint;  ///< as clients see the store
  std::string region = "us-east-1";
  std::string bucket = "documents";
  S3Credentials credentials;
};

/// The URL with which anyone can GET the document's version until `now` and `life`. The name it is
/// saved under and its type are signed in. Rounded down to the second.
SignedLink PresignDocument(const S3LinkOptions& options, const Document& document,
                           std::chrono::sys_seconds now, std::chrono::seconds life);

/// Thread-safe; asks nobody.
class S3LinkSigner final : public LinkSigner {
 public:
  /// `clock` must outlive the signer; its wall clock must be the store's within 15 minutes.
  S3LinkSigner(S3LinkOptions options, const Clock& clock)
      : options_(std::move(options)), clock_(clock) {}

  /// INTERNAL for a document without a version: the link would outlive it, and find later ones.
  Result<SignedLink> Sign(const CallContext& call, const Document& document,
                          std::chrono::minutes life) override;

 private:
  const S3LinkOptions options_;
  const Clock& clock_;
};

}  // namespace satchel
