#include "cli/interrupt_cleanup.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <system_error>
#include <utility>

namespace satchel::cli {

InterruptCleanup::InterruptCleanup(int folder, std::string name)
    : folder_(folder), name_(std::move(name)) {
  sigemptyset(&signals_);
  sigemptyset(&previous_);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    // What the parent told us to ignore (nohup, background jobs) stays ignored.
    struct sigaction current {};
    sigaction(number, nullptr, &current);
    if (current.sa_handler != SIG_IGN) sigaddset(&signals_, number);
  }
  pthread_sigmask(SIG_BLOCK, &signals_, &previous_);
}

InterruptCleanup::~InterruptCleanup() {
  if (watcher_.joinable()) {
    const std::uint64_t one = 1;
    // An eventfd that nobody else writes to always takes a 1.
    static_cast<void>(!write(stop_.get(), &one, sizeof(one)));
    watcher_.join();
  }
  pthread_sigmask(SIG_SETMASK, &previous_, nullptr);
}

MaybeError InterruptCleanup::Start() {
  signal_.Reset(signalfd(-1, &signals_, SFD_CLOEXEC));
  stop_.Reset(eventfd(0, EFD_CLOEXEC));
  if (!signal_.valid() || !stop_.valid()) return SystemError("cannot watch for signals", errno);
  try {
    watcher_ = std::thread([this] { Watch(); });
  } catch (const std::system_error& error) {
    return SystemError("cannot watch for signals", error.code().value());
  }
  return std::nullopt;
}

int InterruptCleanup::CreateFile() {
  const std::lock_guard<std::mutex> lock(creation_);
  return openat(folder_, name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
}

void InterruptCleanup::Watch() {
  std::array<pollfd, 2> events = {pollfd{.fd = signal_.get(), .events = POLLIN, .revents = 0},
                                  pollfd{.fd = stop_.get(), .events = POLLIN, .revents = 0}};
  while (poll(events.data(), events.size(), -1) < 0 && errno == EINTR) {
  }
  if (events[0].revents == 0) return;
  signalfd_siginfo info{};
  if (read(signal_.get(), &info, sizeof(info)) != sizeof(info)) return;
  const std::lock_guard<std::mutex> lock(creation_);
  unlinkat(folder_, name_.c_str(), 0);
  const auto number = static_cast<int>(info.ssi_signo);
  std::signal(number, SIG_DFL);
  pthread_sigmask(SIG_UNBLOCK, &signals_, nullptr);
  // Delivered to this thread before kill() returns.
  kill(getpid(), number);
}

}  // namespace satchel::cli
