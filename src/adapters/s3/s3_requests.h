/// The S3 requests that Satchel makes, as values: pure functions. Plain S3 only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/s3/sigv4.h"
#include "base/strong_string.h"
#include "ports/document.h"
#include "ports/object_store.h"

namespace satchel {

/// Not yet signed; without the headers that every request has.
struct S3Request {
  std::string operation;  ///< S3's name for it: "PutObject"
  std::string method;
  std::string bucket;
  std::string key;  ///< empty: the bucket itself
  S3Query query;
  S3Headers headers;
  std::string body;
  /// SHA-256 of the body in hexadecimal digits, or a text of sigv4.h; empty: computed from `body`.
  std::string payload_hash;
  /// Carried out twice, it does the same as once.
  bool repeatable = false;
};

/// One part of a multipart upload, as CompleteMultipartUpload names it.
struct S3Part {
  int number = 0;
  std::string etag;
  std::string sha256_base64;
};

/// Metadata that tells which upload wrote a version.
inline constexpr std::string_view kAttemptHeader = "x-amz-meta-satchel-attempt";
/// All documents' keys begin with it.
inline constexpr std::string_view kDocumentPrefix = "documents/";
/// Outside of kDocumentPrefix.
inline constexpr std::string_view kStoreIdKey = "satchel/store-id";
/// S3's last part number. Never part of an object: its content names the attempt.
inline constexpr int kMarkerPartNumber = 10'000;
/// Of parts that hold bytes.
inline constexpr std::int64_t kPartsMax = kMarkerPartNumber - 1;

// Buckets.
S3Request HeadBucketRequest(std::string bucket);
S3Request CreateBucketRequest(std::string bucket, const std::string& region);
S3Request GetVersioningRequest(std::string bucket);
S3Request EnableVersioningRequest(std::string bucket);

// Objects.
/// A whole body that the store checks against `sha256`.
S3Request PutObjectRequest(std::string bucket, const ObjectSpec& spec, std::string body,
                           const ContentHash& sha256);
/// A body that is streamed, with its SHA-256 behind it.
S3Request PutObjectStreamRequest(std::string bucket, const ObjectSpec& spec);
/// An empty version means the newest of the key.
S3Request GetObjectRequest(std::string bucket, const ObjectRef& object, std::int64_t offset);
S3Request HeadObjectRequest(std::string bucket, const ObjectRef& object);
S3Request DeleteVersionRequest(std::string bucket, const ObjectRef& object);
S3Request PutStoreIdRequest(std::string bucket, std::string content);
S3Request ListVersionsRequest(std::string bucket, std::string_view prefix, const ObjectRef& behind,
                              int page_max);

// Multipart uploads.
S3Request CreateMultipartRequest(std::string bucket, const ObjectSpec& spec);
S3Request UploadPartStreamRequest(std::string bucket, const std::string& key,
                                  const UploadId& upload, int number, std::int64_t bytes);
/// The part that tells whose upload it is.
S3Request UploadMarkerRequest(std::string bucket, const std::string& key, const UploadId& upload,
                              const AttemptId& attempt);
S3Request CompleteMultipartRequest(std::string bucket, const std::string& key,
                                   const UploadId& upload, const std::vector<S3Part>& parts);
S3Request AbortMultipartRequest(std::string bucket, const std::string& key, const UploadId& upload);
/// Behind the part `number_marker`.
S3Request ListPartsRequest(std::string bucket, const std::string& key, const UploadId& upload,
                           int number_marker);
S3Request ListUploadsRequest(std::string bucket, const std::string& key,
                             const std::string& key_marker, const std::string& upload_marker);

/// base64 (RFC 4648 section 4) of a hash in hexadecimal digits, as S3's checksum headers have it.
std::string ChecksumOf(const ContentHash& sha256);

}  // namespace satchel
