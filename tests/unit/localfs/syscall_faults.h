/// Makes the system calls that write files fail, in this test program only: it defines write,
/// fsync, sync_file_range, renameat2 and unlinkat itself, so that the production code runs as it
/// is.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

namespace satchel::testing {

/// What shall happen to one call.
struct SyscallFault {
  int error = 0;              ///< fail with this errno, without doing anything
  std::size_t bytes_max = 0;  ///< write(): take no more than this; 0: no limit
};

/// Installs a hook that is asked before every such call with its name, and removes it again. The
/// calls come from one thread at a time.
class ScopedSyscallFaults {
 public:
  using Hook = std::function<SyscallFault(const std::string& call)>;
  explicit ScopedSyscallFaults(Hook hook);
  ScopedSyscallFaults(const ScopedSyscallFaults&) = delete;
  ScopedSyscallFaults& operator=(const ScopedSyscallFaults&) = delete;
  ~ScopedSyscallFaults();
};

}  // namespace satchel::testing
