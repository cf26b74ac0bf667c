/// Every fixed limit, with its unit. What operators may change is in app/config.h.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace satchel {

inline constexpr std::size_t kNameBytesMax = 128;  ///< user_id and category
inline constexpr std::size_t kFilenameBytesMax = 255;
inline constexpr std::size_t kSourceNameBytesMax = 255;  ///< of what is imported from
inline constexpr std::size_t kTransferChunkBytes = 256 * 1024;
inline constexpr std::size_t kReceivedMessageBytesMax = 4 * 1024 * 1024;
inline constexpr int kPageSizeDefault = 50;
inline constexpr int kPageSizeMax = 100;
inline constexpr std::chrono::minutes kLinkLifeMin{1};
inline constexpr std::chrono::minutes kLinkLifeMax{10080};
inline constexpr int kStorageMetricUsersMax = 1000;
inline constexpr std::chrono::hours kOrphanAgeMin{24};

}  // namespace satchel
