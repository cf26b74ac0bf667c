#include "tcp_gate.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "support/child_process.h"

namespace satchel {
namespace {

sockaddr_in Loopback(int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

/// Closes with a RST instead of a FIN.
void CloseHard(int socket) {
  const linger hard{1, 0};
  ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
  ::close(socket);
}

bool SendAll(int socket, const char* bytes, std::size_t count) {
  while (count > 0) {
    const ssize_t sent = ::send(socket, bytes, count, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes += sent;
    count -= static_cast<std::size_t>(sent);
  }
  return true;
}

}  // namespace

TcpGate::TcpGate(int server_port) : server_port_(server_port), port_(FreePort()) {
  if (::pipe2(wake_, O_CLOEXEC | O_NONBLOCK) != 0) throw std::runtime_error("no pipe");
  Listen();
  thread_ = std::thread([this] { Run(); });
}

TcpGate::~TcpGate() {
  stop_ = true;
  Wake();
  thread_.join();
  for (Connection& connection : open_) Reset(connection);
  if (listener_ >= 0) ::close(listener_);
  ::close(wake_[0]);
  ::close(wake_[1]);
}

void TcpGate::Wake() { (void)!::write(wake_[1], "w", 1); }

void TcpGate::Settle() {
  Wake();
  std::unique_lock lock(mutex_);
  const std::uint64_t seen = turns_ + 2;
  turned_.wait(lock, [&] { return turns_ >= seen; });
}

void TcpGate::SetRefuse(bool on) {
  refuse_ = on;
  Settle();
}

void TcpGate::ResetAll() {
  reset_all_ = true;
  Settle();
}

void TcpGate::Listen() {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  const sockaddr_in address = Loopback(port_);
  if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      ::listen(listener_, 64) != 0) {
    throw std::runtime_error("the gate cannot listen");
  }
}

void TcpGate::Run() {
  while (!stop_) {
    {
      const std::lock_guard lock(mutex_);
      ++turns_;
    }
    turned_.notify_all();
    if (refuse_ && listener_ >= 0) {
      ::close(listener_);
      listener_ = -1;
    } else if (!refuse_ && listener_ < 0) {
      Listen();
    }
    if (reset_all_.exchange(false)) {
      for (Connection& connection : open_) Reset(connection);
      open_.clear();
    }
    std::vector<pollfd> waits{{wake_[0], POLLIN, 0}, {listener_, POLLIN, 0}};
    const short both = blackhole_ ? 0 : POLLIN;
    for (const Connection& connection : open_) {
      waits.push_back({connection.client, both, 0});
      waits.push_back({connection.server, hold_answers_ ? short{0} : both, 0});
    }
    // The flags may change at any time.
    ::poll(waits.data(), waits.size(), 10);
    char ignored[64];
    while (::read(wake_[0], ignored, sizeof(ignored)) > 0) {
    }
    for (std::size_t i = open_.size(); i-- > 0;) {
      bool alive = true;
      if ((waits[2 + 2 * i].revents & (POLLIN | POLLHUP | POLLERR)) != 0 && !blackhole_) {
        alive = Forward(open_[i], true);
      }
      if (alive && (waits[3 + 2 * i].revents & POLLIN) != 0) alive = Forward(open_[i], false);
      if (!alive) open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    if ((waits[1].revents & POLLIN) != 0) Accept();
  }
}

void TcpGate::Accept() {
  Connection connection;
  connection.client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (connection.client < 0) return;
  ++connections_;
  connection.server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Loopback(server_port_);
  if (::connect(connection.server, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) !=
      0) {
    Reset(connection);
    return;
  }
  open_.push_back(connection);
}

bool TcpGate::Forward(Connection& connection, bool from_client) {
  std::array<char, 16 * 1024> bytes;
  const int from = from_client ? connection.client : connection.server;
  const int to = from_client ? connection.server : connection.client;
  const ssize_t count = ::recv(from, bytes.data(), bytes.size(), 0);
  if (count <= 0 || (!from_client && drop_answers_)) {
    Reset(connection);
    return false;
  }
  if (from_client) {
    connection.request_bytes += count;
    request_bytes_ += count;
    const std::int64_t limit = reset_after_;
    if (limit >= 0 && connection.request_bytes > limit) {
      Reset(connection);
      return false;
    }
  }
  if (SendAll(to, bytes.data(), static_cast<std::size_t>(count))) return true;
  Reset(connection);
  return false;
}

void TcpGate::Reset(Connection& connection) {
  if (connection.client >= 0) CloseHard(connection.client);
  if (connection.server >= 0) CloseHard(connection.server);
  connection = {};
}

}  // namespace satchel
