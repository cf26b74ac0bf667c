/// What S3 answers in XML. Pure. Document types, external and custom entities are never expanded.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/s3/s3_requests.h"
#include "base/time.h"
#include "ports/object_store.h"

namespace satchel {

/// An <Error>.
struct S3ErrorBody {
  std::string code;
  std::string message;
};

struct S3VersionPage {
  std::vector<StoredVersion> versions;  ///< without delete markers
  bool truncated = false;
  /// The last of the page, delete markers included: behind it begins the next. The store says so
  /// too, but MinIO adds notes of its own to the key.
  ObjectRef last;
};

struct S3Upload {
  std::string key;
  UploadId id;
  Timestamp initiated;
};

struct S3UploadPage {
  std::vector<S3Upload> uploads;  ///< behind the last of them begins the next page
  bool truncated = false;
};

struct S3PartPage {
  std::vector<S3Part> parts;
  bool truncated = false;
};

// nullopt: it is not what was asked for.
std::optional<S3ErrorBody> ParseErrorBody(std::string_view xml);
std::optional<S3VersionPage> ParseVersionPage(std::string_view xml);
std::optional<S3UploadPage> ParseUploadPage(std::string_view xml);
std::optional<S3PartPage> ParsePartPage(std::string_view xml);
std::optional<UploadId> ParseUploadId(std::string_view xml);
/// "Enabled", "Suspended" or "".
std::optional<std::string> ParseVersioningStatus(std::string_view xml);
/// Whether it is a CompleteMultipartUploadResult: S3 says 200 before it knows.
bool IsCompleteResult(std::string_view xml);

}  // namespace satchel
