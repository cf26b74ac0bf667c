#include "support/free_port.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <stdexcept>
#include <string>

namespace satchel {
namespace {

constexpr int kFirst = 12000;
constexpr int kCount = 18000;

/// Until a server binds its port, the port still looks free: its byte in this file, locked until
/// this process ends, keeps it from all others. Such locks are lost when the process closes any
/// descriptor of the file: it is opened here alone, and never closed.
int OpenClaims() {
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("satchel-ports-" + std::to_string(::getuid()));
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) throw std::runtime_error("cannot open " + path.string());
  return file;
}

bool Claim(int file, int port) {
  struct flock byte = {};
  byte.l_type = F_WRLCK;
  byte.l_whence = SEEK_SET;
  byte.l_start = port;
  byte.l_len = 1;
  return ::fcntl(file, F_SETLK, &byte) == 0;
}

bool IsFree(int port) {
  const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool bound =
      ::bind(probe, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  ::close(probe);
  return bound;
}

}  // namespace

int FreePort() {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  static const int claims = OpenClaims();
  static int next = static_cast<int>(std::int64_t{::getpid()} * 97 % kCount);
  for (int tried = 0; tried < kCount; ++tried) {
    const int port = kFirst + next;
    next = (next + 1) % kCount;
    if (Claim(claims, port) && IsFree(port)) return port;
  }
  throw std::runtime_error("no free port");
}

}  // namespace satchel
