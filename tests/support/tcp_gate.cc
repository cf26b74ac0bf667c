#include "support/tcp_gate.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "support/free_port.h"

namespace satchel {
namespace {

sockaddr_in Loopback(int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool MayComeLater() { return errno == EAGAIN || errno == EINTR; }

}  // namespace

struct TcpGate::Link {
  struct End {
    int socket = -1;
    std::string pending;  ///< taken from the other one, on its way to this one
    std::int64_t taken = 0;
  };

  End client;
  End server;
  bool lose_reply = false;
  bool ends = false;  ///< once what is pending for the client has gone

  Link() = default;
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;
  ~Link() {
    if (client.socket >= 0) ::close(client.socket);
    if (server.socket >= 0) ::close(server.socket);
  }

  End& From(Side side) { return side == Side::kClient ? client : server; }
  End& To(Side side) { return side == Side::kClient ? server : client; }
  /// Both peers see a reset instead of an end. Returns false: the link is over.
  bool Reset() const {
    const linger hard{1, 0};
    for (const int socket : {client.socket, server.socket}) {
      ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    }
    return false;
  }
};

TcpGate::TcpGate(int server_port)
    : server_port_(server_port),
      port_(FreePort()),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (wake_ < 0) throw std::runtime_error("no eventfd");
  Listen();
  thread_ = std::thread([this] { Run(); });
}

TcpGate::~TcpGate() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  ::eventfd_write(wake_, 1);
  thread_.join();
  for (const auto& link : links_) link->Reset();
  links_.clear();
  if (listener_ >= 0) ::close(listener_);
  ::close(wake_);
}

void TcpGate::Set(const std::function<void(Rules&)>& change) {
  std::unique_lock lock(mutex_);
  change(wanted_);
  const std::uint64_t mine = ++changes_;
  ::eventfd_write(wake_, 1);
  applied_.wait(lock, [&] { return changes_applied_ >= mine; });
}

void TcpGate::SetBlackhole(bool on) {
  Set([=](Rules& rules) { rules.blackhole = on; });
}
void TcpGate::AwaitBlackholeAfter(int answers) {
  Set([=](Rules& rules) { rules.blackhole_after = answers; });
  std::unique_lock lock(mutex_);
  applied_.wait(lock, [this] { return wanted_.blackhole; });
}
void TcpGate::SetHoldRequests(bool on) {
  Set([=](Rules& rules) { rules.hold_requests = on; });
}
void TcpGate::SetHoldAnswers(bool on) {
  Set([=](Rules& rules) { rules.hold_answers = on; });
}
void TcpGate::SetResetAfter(std::int64_t bytes) {
  Set([=](Rules& rules) { rules.reset_after = bytes; });
}
void TcpGate::SetEndAfter(std::int64_t answer_bytes) {
  Set([=](Rules& rules) { rules.end_after = answer_bytes; });
}
void TcpGate::SetDropAnswers(bool on) {
  Set([=](Rules& rules) { rules.drop_answers = on; });
}
void TcpGate::SetReset(bool on) {
  Set([=](Rules& rules) { rules.reset = on; });
}
void TcpGate::SetRefuse(bool on) {
  Set([=](Rules& rules) { rules.refuse = on; });
}
void TcpGate::ResetAll() {
  Set([](Rules& rules) { ++rules.resets; });
}
void TcpGate::LoseNext(std::string bytes, Loss loss) {
  Set([&](Rules& rules) {
    rules.lost_bytes = std::move(bytes);
    rules.loss = loss;
  });
}

void TcpGate::Listen() {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int yes = 1;
  ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  const sockaddr_in address = Loopback(port_);
  if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      ::listen(listener_, SOMAXCONN) != 0) {
    throw std::runtime_error("the gate cannot listen");
  }
}

void TcpGate::Run() {
  while (Apply()) {
    Await();
    std::erase_if(links_, [&](const auto& link) { return !Pump(*link); });
    Accept();
  }
}

bool TcpGate::Apply() {
  const std::lock_guard lock(mutex_);
  const bool reset_all = wanted_.reset || wanted_.resets != rules_.resets;
  rules_ = wanted_;
  if (reset_all) {
    for (const auto& link : links_) link->Reset();
    links_.clear();
  }
  if (rules_.refuse && listener_ >= 0) {
    ::close(listener_);
    listener_ = -1;
  } else if (!rules_.refuse && listener_ < 0) {
    Listen();
  }
  changes_applied_ = changes_;
  applied_.notify_all();
  return !ending_;
}

/// Returns when there is something to do.
void TcpGate::Await() {
  std::vector<pollfd> waits{{wake_, POLLIN, 0}, {listener_, POLLIN, 0}};
  for (const auto& link : links_) {
    for (const Side from : {Side::kClient, Side::kServer}) {
      if (Held(from)) continue;
      // Either there is room for the next piece, or the last one waits for some.
      const Link::End& to = link->To(from);
      if (to.pending.empty()) {
        waits.push_back({link->From(from).socket, POLLIN, 0});
      } else {
        waits.push_back({to.socket, POLLOUT, 0});
      }
    }
  }
  ::poll(waits.data(), waits.size(), -1);
  eventfd_t ignored = 0;
  ::eventfd_read(wake_, &ignored);
}

void TcpGate::Accept() {
  if (listener_ < 0) return;
  auto link = std::make_unique<Link>();
  link->client.socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (link->client.socket < 0) return;
  ++connections_;
  link->server.socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Loopback(server_port_);
  if (rules_.reset || ::connect(link->server.socket, reinterpret_cast<const sockaddr*>(&address),
                                sizeof(address)) != 0) {
    link->Reset();
    return;
  }
  links_.push_back(std::move(link));
}

bool TcpGate::Held(Side from) const {
  return rules_.blackhole || (from == Side::kClient ? rules_.hold_requests : rules_.hold_answers);
}

bool TcpGate::Pump(Link& link) {
  return PassOn(link, Side::kClient) && PassOn(link, Side::kServer);
}

bool TcpGate::PassOn(Link& link, Side from) {
  if (Held(from)) return true;
  if (link.To(from).pending.empty() && !Take(link, from)) return false;
  return Give(link, from);
}

bool TcpGate::Take(Link& link, Side from) {
  std::array<char, 64 * 1024> buffer;
  const ssize_t count = ::recv(link.From(from).socket, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (count < 0) return MayComeLater() || link.Reset();
  // An end is passed on as an end; whatever was taken before has left.
  if (count == 0) return false;
  std::string bytes(buffer.data(), static_cast<std::size_t>(count));
  link.From(from).taken += count;
  const bool stays = from == Side::kClient ? TakeRequest(link, bytes) : TakeAnswer(link, bytes);
  if (!stays) return link.Reset();
  link.To(from).pending = std::move(bytes);
  return true;
}

bool TcpGate::TakeRequest(Link& link, std::string& bytes) {
  if (rules_.reset_after >= 0 && link.client.taken > rules_.reset_after) return false;
  if (rules_.loss == Loss::kNone || bytes != rules_.lost_bytes) return true;
  ++lost_;
  const Loss loss = std::exchange(rules_.loss, Loss::kNone);
  {
    const std::lock_guard lock(mutex_);
    wanted_.loss = Loss::kNone;
  }
  link.lose_reply = loss == Loss::kReply;
  return loss != Loss::kRequest;
}

bool TcpGate::TakeAnswer(Link& link, std::string& bytes) {
  if (rules_.drop_answers || link.lose_reply) return false;
  const std::int64_t beyond = link.server.taken - rules_.end_after;
  if (rules_.end_after < 0 || beyond < 0) return true;
  bytes.resize(static_cast<std::size_t>(
      std::max<std::int64_t>(0, static_cast<std::int64_t>(bytes.size()) - beyond)));
  link.ends = true;
  return true;
}

bool TcpGate::Give(Link& link, Side from) {
  Link::End& to = link.To(from);
  if (!to.pending.empty()) {
    const ssize_t sent =
        ::send(to.socket, to.pending.data(), to.pending.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) return MayComeLater() || link.Reset();
    to.pending.erase(0, static_cast<std::size_t>(sent));
    if (from == Side::kServer && to.pending.empty()) CountAnswer();
  }
  return !(from == Side::kServer && link.ends && to.pending.empty());
}

void TcpGate::CountAnswer() {
  const std::lock_guard lock(mutex_);
  if (wanted_.blackhole_after == 0 || --wanted_.blackhole_after > 0) return;
  wanted_.blackhole = rules_.blackhole = true;
  applied_.notify_all();
}

}  // namespace satchel
