// What the documents of the bench consist of.
#pragma once

#include <cstddef>
#include <string>

namespace satchel::bench {

inline constexpr std::size_t kChunkBytes = 256 * 1024;

/// Text without NUL, so that a server that looks into the content accepts it. Every chunk of a
/// document begins anew, so that client and null server need no more than one.
inline std::string Text(std::size_t size) {
  std::string text(size, '\n');
  for (std::size_t i = 0; i < size; ++i) {
    text[i] = i % 64 == 63 ? '\n' : static_cast<char>('A' + (i + i / 64) % 26);
  }
  return text;
}

}  // namespace satchel::bench
