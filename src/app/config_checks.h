/// What the values of several keys must agree on, and what follows from one another.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "app/config.h"
#include "base/status.h"

namespace satchel {

/// Sets what no source gave and what depends on other keys or on the machine. `given` tells whether
/// a source named the key (even with a bad value).
void DeriveDefaults(Config& config, const std::function<bool(std::string_view key)>& given);

/// One line for each disagreement; `given` as above. Empty: none.
std::vector<std::string> FindConflicts(const Config& config,
                                       const std::function<bool(std::string_view key)>& given);

/// What is allowed, but the operator should know.
std::vector<std::string> FindConcerns(const Config& config);

}  // namespace satchel
