#include "app/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <string>
#include <string_view>

namespace satchel {
namespace {

/// Whether what the parent gave as `descriptor` is there. An event descriptor is not from the
/// parent: libgrpc opens one while it is loaded, before main(), and never uses it.
bool IsGiven(int descriptor) {
  std::array<char, 64> target{};
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  const ssize_t length = readlink(link.c_str(), target.data(), target.size());
  if (length < 0) return fcntl(descriptor, F_GETFD) != -1;
  return !std::string_view(target.data(), static_cast<std::size_t>(length))
              .starts_with("anon_inode:[eventfd]");
}

}  // namespace

void OccupyStandardStreams() {
  for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; ++descriptor) {
    if (IsGiven(descriptor)) continue;
    const int nothing = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY);
    if (nothing < 0 || nothing == descriptor) continue;
    dup2(nothing, descriptor);
    close(nothing);
  }
}

}  // namespace satchel
