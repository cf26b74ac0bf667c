/// What an upload attempt left in the store: found by its key and by the attempt that it names.
#pragma once

#include <string>
#include <vector>

#include "adapters/s3/s3_client.h"
#include "adapters/s3/s3_xml.h"
#include "base/call_context.h"
#include "base/status.h"
#include "base/strong_string.h"

namespace satchel {

/// One page of versions of keys that begin with `prefix`, from behind `behind`.
Result<S3VersionPage> ListVersionPage(S3Client& client, const CallContext& call,
                                      std::string_view prefix, const ObjectRef& behind);

/// The versions of exactly this key that this attempt wrote.
Result<std::vector<ObjectVersion>> FindVersionsOfAttempt(S3Client& client, const CallContext& call,
                                                         const std::string& key,
                                                         const AttemptId& attempt);

/// OK also when it is gone already.
Status AbortUpload(S3Client& client, const CallContext& call, const std::string& key,
                   const UploadId& upload);

/// Aborts the multipart uploads of exactly this key whose marker names this attempt, and those that
/// never got a marker and are old. Others are left alone; OBJECT_STORE_UNAVAILABLE when one is
/// among them that may yet be this attempt's, being young and without a marker.
Status AbortUploadsOfAttempt(S3Client& client, const CallContext& call, const std::string& key,
                             const AttemptId& attempt);

/// A store said that the version does not exist. True: its listing agrees. False, after a pause: it
/// does not (versitygw misses a version while another of the same key is being written); ask again.
Result<bool> ConfirmAbsent(S3Client& client, const CallContext& call, const ObjectRef& object,
                           Backoff& backoff);

/// OK also when the version is gone already. An empty version is refused: the store would hide the
/// newest one behind a delete marker.
Status RemoveVersion(S3Client& client, const CallContext& call, const ObjectRef& object);

}  // namespace satchel
