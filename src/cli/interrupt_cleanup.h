#pragma once

#include <signal.h>

#include <mutex>
#include <string>
#include <thread>

#include "cli/command_error.h"
#include "cli/unique_descriptor.h"

namespace satchel::cli {

/// Creates one file and removes it when SIGINT, SIGTERM or SIGHUP end the process, which they then
/// do the way they would have anyway. Start() it before the process has other threads, since it
/// holds the signals back for all of them. One at a time.
class InterruptCleanup {
 public:
  /// `folder` must stay open as long as this lives.
  InterruptCleanup(int folder, std::string name);
  /// Gives the signals back their own effect; the file stays.
  ~InterruptCleanup();
  InterruptCleanup(const InterruptCleanup&) = delete;
  InterruptCleanup& operator=(const InterruptCleanup&) = delete;

  MaybeError Start();
  /// Creates the file, which must not exist. The descriptor is for writing; -1: errno says why.
  int CreateFile();

 private:
  void Watch();

  const int folder_;
  const std::string name_;
  sigset_t signals_;
  sigset_t previous_;
  UniqueDescriptor signal_;
  UniqueDescriptor stop_;
  std::mutex creation_;  ///< held to create the file, or to remove it for good
  std::thread watcher_;
};

}  // namespace satchel::cli
