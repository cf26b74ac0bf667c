#include "support/tcp_proxy.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string_view>

namespace satchel {
namespace {

using namespace std::string_view_literals;

/// COM_QUERY with the text COMMIT, as the first packet of an exchange.
constexpr std::string_view kCommitPacket =
    "\x07\0\0\0\x03"
    "COMMIT"sv;

sockaddr_in Local(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

/// The peer sees a reset instead of an end.
void CloseWithReset(int socket) {
  const linger now{1, 0};
  ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  ::close(socket);
}

bool SendAll(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace

struct TcpProxy::Link {
  int client = -1;
  int server = -1;
  bool drop_reply = false;

  ~Link() {
    if (client >= 0) CloseWithReset(client);
    if (server >= 0) ::close(server);
  }
};

TcpProxy::TcpProxy(int target_port)
    : target_port_(target_port), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  Listen();
  thread_ = std::thread([this] { Run(); });
}

TcpProxy::~TcpProxy() {
  ending_ = true;
  ::eventfd_write(wake_, 1);
  thread_.join();
  if (listener_ >= 0) ::close(listener_);
  ::close(wake_);
}

void TcpProxy::Listen() {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in address = Local(port_);
  socklen_t length = sizeof(address);
  ASSERT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), length), 0);
  ASSERT_EQ(::listen(listener_, SOMAXCONN), 0);
  ASSERT_EQ(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length), 0);
  port_ = ntohs(address.sin_port);
}

void TcpProxy::SetMode(Mode mode) {
  mode_ = mode;
  const std::uint64_t asked = ++mode_asked_;
  ::eventfd_write(wake_, 1);
  for (std::uint64_t applied = mode_applied_; applied < asked; applied = mode_applied_) {
    mode_applied_.wait(applied);
  }
}

void TcpProxy::ApplyMode() {
  const std::uint64_t asked = mode_asked_;
  if (mode_applied_ == asked) return;
  const Mode mode = mode_;
  if (mode == Mode::kReset || mode == Mode::kClosed) links_.clear();
  if (mode == Mode::kClosed && listener_ >= 0) {
    ::close(listener_);
    listener_ = -1;
  } else if (mode != Mode::kClosed && listener_ < 0) {
    Listen();
  }
  mode_applied_ = asked;
  mode_applied_.notify_all();
}

void TcpProxy::Run() {
  while (!ending_) {
    std::vector<pollfd> waited{{wake_, POLLIN, 0}, {listener_, POLLIN, 0}};
    if (Pumps()) {
      for (const auto& link : links_) {
        waited.push_back({link->client, POLLIN, 0});
        waited.push_back({link->server, POLLIN, 0});
      }
    }
    ::poll(waited.data(), waited.size(), -1);
    eventfd_t ignored = 0;
    ::eventfd_read(wake_, &ignored);
    ApplyMode();
    if (Pumps()) std::erase_if(links_, [&](auto& link) { return !Pump(*link); });
    if (listener_ >= 0 && listener_ == waited[1].fd && (waited[1].revents & POLLIN) != 0) Accept();
  }
  links_.clear();
}

void TcpProxy::Accept() {
  auto link = std::make_unique<Link>();
  link->client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (link->client < 0) return;
  ++connections_taken_;
  if (mode_ == Mode::kReset) return;
  link->server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Local(target_port_);
  if (::connect(link->server, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
    links_.push_back(std::move(link));
  }
}

bool TcpProxy::Pumps() const { return mode_ != Mode::kSilent && mode_ != Mode::kReset; }

bool TcpProxy::Pump(Link& link) {
  return PassOn(link, link.client, link.server, true) &&
         PassOn(link, link.server, link.client, false);
}

bool TcpProxy::PassOn(Link& link, int from, int to, bool from_client) {
  std::array<char, 65536> buffer;
  const ssize_t got = ::recv(from, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  if (got == 0) return false;
  const std::string_view bytes(buffer.data(), static_cast<std::size_t>(got));
  if (!from_client && link.drop_reply) return false;
  if (from_client && mode_ == Mode::kGreetAndReset) return false;
  if (from_client && mode_ == Mode::kGreetAndIgnore) return true;
  if (from_client && bytes == kCommitPacket) {
    const Commit how = next_commit_.exchange(Commit::kForward);
    if (how != Commit::kForward) ++commits_lost_;
    if (how == Commit::kLoseRequest) return false;
    link.drop_reply = how == Commit::kLoseReply;
  }
  return SendAll(to, bytes);
}

}  // namespace satchel
