/// The program's version, as CMake's project() names it.
#pragma once

#include <string_view>

namespace satchel {

inline constexpr std::string_view kVersion = SATCHEL_VERSION;

}  // namespace satchel
