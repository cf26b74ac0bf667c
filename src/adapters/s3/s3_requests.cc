#include "adapters/s3/s3_requests.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace satchel {
namespace {

S3Request Make(std::string_view operation, std::string_view method, std::string bucket,
               std::string key = {}) {
  S3Request request;
  request.operation = operation;
  request.method = method;
  request.bucket = std::move(bucket);
  request.key = std::move(key);
  request.repeatable = true;
  return request;
}

void AddVersion(S3Request& request, const ObjectVersion& version) {
  if (!version.empty()) request.query.emplace_back("versionId", version.value());
}

void AddObjectHeaders(S3Request& request, const ObjectSpec& spec) {
  request.headers["content-type"] = spec.mime_type;
  request.headers[std::string(kAttemptHeader)] = spec.attempt.value();
}

/// aws-chunked with a SHA-256 behind the last chunk; `bytes` is the length without the framing.
void AddStreaming(S3Request& request, std::int64_t bytes) {
  request.payload_hash = kStreamingUnsignedTrailer;
  request.headers["content-encoding"] = "aws-chunked";
  request.headers["x-amz-decoded-content-length"] = std::to_string(bytes);
  request.headers["x-amz-trailer"] = "x-amz-checksum-sha256";
  request.headers["x-amz-sdk-checksum-algorithm"] = "SHA256";
  // A refusal then comes before the body, and the body can be kept for another try.
  request.headers["expect"] = "100-continue";
  request.repeatable = false;
}

void AppendEscaped(std::string& xml, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '&':
        xml.append("&amp;");
        break;
      case '<':
        xml.append("&lt;");
        break;
      case '>':
        xml.append("&gt;");
        break;
      case '"':
        xml.append("&quot;");
        break;
      default:
        xml.push_back(c);
    }
  }
}

void AppendElement(std::string& xml, std::string_view name, std::string_view text) {
  xml.append("<").append(name).append(">");
  AppendEscaped(xml, text);
  xml.append("</").append(name).append(">");
}

}  // namespace

std::string ChecksumOf(const ContentHash& sha256) {
  const std::string bytes = HexDecode(sha256.value()).value_or("");
  std::string text = Base64UrlEncode(bytes);
  std::replace(text.begin(), text.end(), '-', '+');
  std::replace(text.begin(), text.end(), '_', '/');
  while (text.size() % 4 != 0) text.push_back('=');
  return text;
}

S3Request HeadBucketRequest(std::string bucket) {
  return Make("HeadBucket", "HEAD", std::move(bucket));
}

S3Request CreateBucketRequest(std::string bucket, const std::string& region) {
  S3Request request = Make("CreateBucket", "PUT", std::move(bucket));
  // S3 refuses its own default region by name.
  if (region == "us-east-1") return request;
  request.body = "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
  AppendElement(request.body, "LocationConstraint", region);
  request.body.append("</CreateBucketConfiguration>");
  return request;
}

S3Request GetVersioningRequest(std::string bucket) {
  S3Request request = Make("GetBucketVersioning", "GET", std::move(bucket));
  request.query.emplace_back("versioning", "");
  return request;
}

S3Request EnableVersioningRequest(std::string bucket) {
  S3Request request = Make("PutBucketVersioning", "PUT", std::move(bucket));
  request.query.emplace_back("versioning", "");
  request.body =
      "<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
      "<Status>Enabled</Status></VersioningConfiguration>";
  return request;
}

S3Request PutObjectRequest(std::string bucket, const ObjectSpec& spec, std::string body,
                           const ContentHash& sha256) {
  S3Request request = Make("PutObject", "PUT", std::move(bucket), spec.key);
  AddObjectHeaders(request, spec);
  request.headers["x-amz-checksum-sha256"] = ChecksumOf(sha256);
  request.body = std::move(body);
  request.payload_hash = sha256.value();
  request.repeatable = false;
  return request;
}

S3Request PutObjectStreamRequest(std::string bucket, const ObjectSpec& spec) {
  S3Request request = Make("PutObject", "PUT", std::move(bucket), spec.key);
  AddObjectHeaders(request, spec);
  AddStreaming(request, spec.size);
  return request;
}

S3Request GetObjectRequest(std::string bucket, const ObjectRef& object, std::int64_t offset) {
  S3Request request = Make("GetObject", "GET", std::move(bucket), object.key);
  AddVersion(request, object.version);
  if (offset > 0) request.headers["range"] = "bytes=" + std::to_string(offset) + "-";
  return request;
}

S3Request HeadObjectRequest(std::string bucket, const ObjectRef& object) {
  S3Request request = Make("HeadObject", "HEAD", std::move(bucket), object.key);
  AddVersion(request, object.version);
  return request;
}

S3Request DeleteVersionRequest(std::string bucket, const ObjectRef& object) {
  S3Request request = Make("DeleteObject", "DELETE", std::move(bucket), object.key);
  AddVersion(request, object.version);
  return request;
}

S3Request PutStoreIdRequest(std::string bucket, std::string content) {
  S3Request request = Make("PutObject", "PUT", std::move(bucket), std::string(kStoreIdKey));
  request.headers["content-type"] = "text/plain";
  request.headers["if-none-match"] = "*";
  request.body = std::move(content);
  return request;
}

S3Request ListVersionsRequest(std::string bucket, std::string_view prefix, const ObjectRef& behind,
                              int page_max) {
  S3Request request = Make("ListObjectVersions", "GET", std::move(bucket));
  request.query.emplace_back("versions", "");
  request.query.emplace_back("prefix", prefix);
  request.query.emplace_back("encoding-type", "url");
  request.query.emplace_back("max-keys", std::to_string(page_max));
  if (!behind.key.empty()) request.query.emplace_back("key-marker", behind.key);
  if (!behind.version.empty()) {
    request.query.emplace_back("version-id-marker", behind.version.value());
  }
  return request;
}

S3Request CreateMultipartRequest(std::string bucket, const ObjectSpec& spec) {
  S3Request request = Make("CreateMultipartUpload", "POST", std::move(bucket), spec.key);
  request.query.emplace_back("uploads", "");
  AddObjectHeaders(request, spec);
  request.headers["x-amz-checksum-algorithm"] = "SHA256";
  request.repeatable = false;
  return request;
}

S3Request UploadPartStreamRequest(std::string bucket, const std::string& key,
                                  const UploadId& upload, int number, std::int64_t bytes) {
  S3Request request = Make("UploadPart", "PUT", std::move(bucket), key);
  request.query.emplace_back("partNumber", std::to_string(number));
  request.query.emplace_back("uploadId", upload.value());
  AddStreaming(request, bytes);
  return request;
}

S3Request UploadMarkerRequest(std::string bucket, const std::string& key, const UploadId& upload,
                              const AttemptId& attempt) {
  S3Request request = Make("UploadPart", "PUT", std::move(bucket), key);
  request.query.emplace_back("partNumber", std::to_string(kMarkerPartNumber));
  request.query.emplace_back("uploadId", upload.value());
  request.body = attempt.value();
  request.payload_hash = HexSha256(request.body);
  request.headers["x-amz-checksum-sha256"] = ChecksumOf(ContentHash(request.payload_hash));
  return request;
}

S3Request CompleteMultipartRequest(std::string bucket, const std::string& key,
                                   const UploadId& upload, const std::vector<S3Part>& parts) {
  S3Request request = Make("CompleteMultipartUpload", "POST", std::move(bucket), key);
  request.query.emplace_back("uploadId", upload.value());
  request.headers["content-type"] = "application/xml";
  request.body = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
  for (const S3Part& part : parts) {
    request.body.append("<Part>");
    AppendElement(request.body, "PartNumber", std::to_string(part.number));
    AppendElement(request.body, "ETag", part.etag);
    AppendElement(request.body, "ChecksumSHA256", part.sha256_base64);
    request.body.append("</Part>");
  }
  request.body.append("</CompleteMultipartUpload>");
  request.repeatable = false;
  return request;
}

S3Request AbortMultipartRequest(std::string bucket, const std::string& key,
                                const UploadId& upload) {
  S3Request request = Make("AbortMultipartUpload", "DELETE", std::move(bucket), key);
  request.query.emplace_back("uploadId", upload.value());
  return request;
}

S3Request ListPartsRequest(std::string bucket, const std::string& key, const UploadId& upload,
                           int number_marker) {
  S3Request request = Make("ListParts", "GET", std::move(bucket), key);
  request.query.emplace_back("uploadId", upload.value());
  request.query.emplace_back("part-number-marker", std::to_string(number_marker));
  return request;
}

S3Request ListUploadsRequest(std::string bucket, const std::string& key,
                             const std::string& key_marker, const std::string& upload_marker) {
  S3Request request = Make("ListMultipartUploads", "GET", std::move(bucket));
  request.query.emplace_back("uploads", "");
  request.query.emplace_back("prefix", key);
  request.query.emplace_back("encoding-type", "url");
  if (!key_marker.empty()) request.query.emplace_back("key-marker", key_marker);
  if (!upload_marker.empty()) request.query.emplace_back("upload-id-marker", upload_marker);
  return request;
}

}  // namespace satchel
