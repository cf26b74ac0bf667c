/// The buckets, made and checked at the start.
#pragma once

#include "adapters/s3/s3_client.h"
#include "base/call_context.h"
#include "base/status.h"
#include "ports/event_log.h"

namespace satchel {

/// Makes S3StoreOptions::bucket where it is missing and switches its versioning on; does nothing
/// where all is in place. Then the same for the buckets `temp` and `backups`, without versioning:
/// that these fail is a warning in `log`.
///
/// CONFIGURATION_INVALID: the store refuses (keys, rights, region, clock, certificate) or will not
/// keep versions; the message says what to do. OBJECT_STORE_UNAVAILABLE: it could not be asked;
/// call again once it is there. CANCELLED, DEADLINE_EXCEEDED from the call.
Status SetUpBuckets(S3Client& client, const CallContext& call, EventLog& log);

}  // namespace satchel
