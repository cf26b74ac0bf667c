/// Names in environment and env-file that are most likely misspelt keys. Both are shared with other
/// programs, so that a name that is no key is otherwise no mistake.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace satchel {

/// What is known of a variable.
struct GivenVariable {
  std::string_view name;
  std::string_view value;
};

/// Why the variable has no effect, and the key that was most likely meant; nullopt: it is a key, or
/// somebody else's. `is_given(key)`: whether a key is set, which then is not meant.
std::optional<std::string> DescribeSuspect(
    const GivenVariable& variable, const std::function<bool(const std::string& key)>& is_given);

}  // namespace satchel
