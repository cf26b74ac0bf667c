#include "unit/localfs/syscall_faults.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace satchel::testing {
namespace {

ScopedSyscallFaults::Hook& InstalledHook() {
  static ScopedSyscallFaults::Hook hook;
  return hook;
}

SyscallFault Ask(const char* call) {
  const ScopedSyscallFaults::Hook& hook = InstalledHook();
  return hook ? hook(call) : SyscallFault{};
}

template <typename... Arguments>
int CallOrFail(const char* name, long number, Arguments... arguments) {
  const SyscallFault fault = Ask(name);
  if (fault.error != 0) {
    errno = fault.error;
    return -1;
  }
  return static_cast<int>(::syscall(number, arguments...));
}

}  // namespace

ScopedSyscallFaults::ScopedSyscallFaults(Hook hook) { InstalledHook() = std::move(hook); }
ScopedSyscallFaults::~ScopedSyscallFaults() { InstalledHook() = nullptr; }

}  // namespace satchel::testing

extern "C" {

ssize_t write(int descriptor, const void* bytes, size_t count) {
  const satchel::testing::SyscallFault fault = satchel::testing::Ask("write");
  if (fault.error != 0) {
    errno = fault.error;
    return -1;
  }
  if (fault.bytes_max != 0) count = std::min(count, fault.bytes_max);
  return ::syscall(SYS_write, descriptor, bytes, count);
}

int fsync(int descriptor) { return satchel::testing::CallOrFail("fsync", SYS_fsync, descriptor); }

int sync_file_range(int descriptor, off64_t offset, off64_t count, unsigned flags) {
  return satchel::testing::CallOrFail("sync_file_range", SYS_sync_file_range, descriptor, offset,
                                      count, flags);
}

int renameat2(int from_folder, const char* from, int to_folder, const char* to,
              unsigned flags) noexcept {
  return satchel::testing::CallOrFail("renameat2", SYS_renameat2, from_folder, from, to_folder, to,
                                      flags);
}

int unlinkat(int folder, const char* name, int flags) noexcept {
  return satchel::testing::CallOrFail("unlinkat", SYS_unlinkat, folder, name, flags);
}

}  // extern "C"
