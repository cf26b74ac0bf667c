/// Types that can be told from a name.
#pragma once

#include <string>
#include <string_view>

namespace satchel::cli {

/// The MIME type that goes with the extension of `filename`, or "" when it is not known. Pure.
std::string MimeTypeOf(std::string_view filename);

}  // namespace satchel::cli
