/// The one translator of errno into Status.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace satchel {

/// "No space left on device (ENOSPC)".
std::string DescribeErrno(int error);

/// A system call of the object store failed. A full, broken or refusing disk is
/// OBJECT_STORE_UNAVAILABLE, to be tried again; what only a bug can cause is INTERNAL. The caller
/// sees no path: `operation` and `path` go into the cause.
Status LocalStoreError(std::string_view operation, std::string_view path, int error);

/// The same while the storage folder is being opened: CONFIGURATION_INVALID, which names the path,
/// the error and what the operator can do.
Status StorageFolderError(std::string_view operation, std::string_view path, int error);

}  // namespace satchel
