/// From a document's path, which holds its names byte for byte, to the key that stores get.
///
/// Not every store takes every name: MinIO refuses parts that are `.` or `..` between spaces, and
/// XML, in which listings come, cannot hold U+FFFE and U+FFFF. A key therefore has `\` for the dots
/// of such a part, and `\FE` and `\FF` for the two characters. No name may hold `\`, so no two
/// paths share a key, and no key is longer than its path.
#pragma once

#include <string>
#include <string_view>

#include "base/strong_string.h"
#include "base/time.h"

namespace satchel {

/// `documents/{user}/{category}/{YYYY-MM-DD}/{filename}`, the day being the UTC day of
/// `created_at`.
std::string DocumentPath(const UserId& user, std::string_view category, std::string_view filename,
                         Timestamp created_at);

std::string KeyOfPath(std::string_view path);
/// The path that has this key; the key itself where no path has it.
std::string PathOfKey(std::string_view key);

}  // namespace satchel
