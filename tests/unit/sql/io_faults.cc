#include "unit/sql/io_faults.h"

#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <mutex>
#include <string_view>

namespace {

struct ArmedFault {
  std::mutex mutex;
  bool armed = false;
  satchel::IoFault::Call call = satchel::IoFault::Call::kWrite;
  std::string suffix;
  int error = 0;
  int spared = 0;
  int failures = 0;
};

ArmedFault& Armed() {
  static ArmedFault armed;
  return armed;
}

bool EndsWith(int file, std::string_view suffix) {
  std::array<char, 512> path{};
  const std::string link = "/proc/self/fd/" + std::to_string(file);
  const ssize_t length = ::readlink(link.c_str(), path.data(), path.size());
  return length > 0 &&
         std::string_view(path.data(), static_cast<std::size_t>(length)).ends_with(suffix);
}

/// 0, or the errno that this call has to fail with.
int FaultOf(satchel::IoFault::Call call, int file) {
  ArmedFault& fault = Armed();
  const std::lock_guard lock(fault.mutex);
  if (!fault.armed || fault.call != call || !EndsWith(file, fault.suffix)) return 0;
  if (fault.spared > 0) {
    --fault.spared;
    return 0;
  }
  ++fault.failures;
  return fault.error;
}

}  // namespace

// The dynamic linker takes these, in the program itself, before the C library's.
extern "C" int fdatasync(int file) {
  if (const int error = FaultOf(satchel::IoFault::Call::kSync, file); error != 0) {
    errno = error;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_fdatasync, file));
}

extern "C" ssize_t pwrite64(int file, const void* bytes, size_t size, off64_t offset) {
  if (const int error = FaultOf(satchel::IoFault::Call::kWrite, file); error != 0) {
    errno = error;
    return -1;
  }
  return ::syscall(SYS_pwrite64, file, bytes, size, offset);
}

namespace satchel {

IoFault::IoFault(Call call, std::string suffix, int error, int spared) {
  ArmedFault& fault = Armed();
  const std::lock_guard lock(fault.mutex);
  fault.armed = true;
  fault.call = call;
  fault.suffix = std::move(suffix);
  fault.error = error;
  fault.spared = spared;
  fault.failures = 0;
}

IoFault::~IoFault() {
  ArmedFault& fault = Armed();
  const std::lock_guard lock(fault.mutex);
  fault.armed = false;
}

int IoFault::failures() const {
  ArmedFault& fault = Armed();
  const std::lock_guard lock(fault.mutex);
  return fault.failures;
}

}  // namespace satchel
