#include "servers/slow_lookups.h"

#include <dlfcn.h>
#include <netdb.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string_view>

namespace satchel {
namespace {

/// So that who waits for it fails, and does not hang.
constexpr std::chrono::seconds kHeldMax{20};

std::mutex mutex;
std::condition_variable changed;
bool held = false;  // guarded by mutex

}  // namespace

void SlowLookups::Hold(bool on) {
  const std::lock_guard lock(mutex);
  held = on;
  changed.notify_all();
}

}  // namespace satchel

/// In place of the C library's, for libcurl too.
extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints,
                           addrinfo** found) {
  using Function = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  static const auto original = reinterpret_cast<Function>(dlsym(RTLD_NEXT, "getaddrinfo"));
  if (name == nullptr || std::string_view(name) != satchel::kSlowName) {
    return original(name, service, hints, found);
  }
  std::unique_lock lock(satchel::mutex);
  satchel::changed.wait_for(lock, satchel::kHeldMax, [] { return !satchel::held; });
  return original("127.0.0.1", service, hints, found);
}
