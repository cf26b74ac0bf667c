/// Content negotiation (RFC 9110 section 12). All functions are pure.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace satchel {

struct MediaType {
  std::string_view type;     ///< "text/plain", lower case
  std::string_view version;  ///< of its `version` parameter; empty: it has none
};

/// The index of what an Accept header likes best among `offered`, which are in the server's order
/// of preference; nullopt: it takes none of them. A missing or empty header takes anything.
std::optional<std::size_t> ChooseMediaType(const std::optional<std::string>& accept,
                                           std::span<const MediaType> offered);

}  // namespace satchel
