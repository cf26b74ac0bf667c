/// The one translator of what S3 and HTTP say into Status: over codes, never over text.
#pragma once

#include <string>
#include <string_view>

#include "adapters/s3/http_channel.h"
#include "base/status.h"

namespace satchel {

/// S3's error code in an answer: "NoSuchKey"; "" where there is none (an answer to HEAD has none).
std::string S3CodeOf(const HttpAnswer& answer);

/// Whether the store says that this version, or the newest of this key, does not exist: never true
/// when the bucket is missing or the store could not be asked. For requests with a key only.
bool IsAbsent(const HttpAnswer& answer);

/// Whether the store says that it takes no such key (or prefix, or version): nothing can be there.
bool IsNoKey(const HttpAnswer& answer);

/// Whether the same request may work in a moment: the store was not reached, was busy or broke.
bool IsTransient(const HttpAnswer& answer);
/// Whether the store for certain did nothing, and may do it in a moment.
bool IsNotDone(const HttpAnswer& answer);

/// An answer that is not OK, for the callers of the port. `operation` is S3's name. The message is
/// for the API's caller; the cause says to the operator what to do.
Status S3Error(std::string_view operation, const HttpAnswer& answer);
/// The same while the store is being set up: what only the operator can change is
/// CONFIGURATION_INVALID, with the advice in the message; what may pass is as in S3Error().
Status S3SetupError(std::string_view operation, const HttpAnswer& answer);
/// The store answered something that is not S3.
Status S3Nonsense(std::string_view operation, const HttpAnswer& answer);

}  // namespace satchel
