/// Cuts a connection whose peer takes too long.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>

namespace satchel {

/// Moving the deadline is cheap: the timer runs on and looks again when it fires. All calls come
/// from one strand, which is also the executor of the socket.
class ConnectionDeadline {
 public:
  /// `socket` must outlive this object.
  explicit ConnectionDeadline(boost::asio::ip::tcp::socket& socket);
  ConnectionDeadline(const ConnectionDeadline&) = delete;
  ConnectionDeadline& operator=(const ConnectionDeadline&) = delete;
  ~ConnectionDeadline();

  /// Cuts the connection after `delay` unless it is moved again.
  void ExpireAfter(std::chrono::milliseconds delay);
  /// Nothing is waited for from the peer.
  void Suspend();
  /// Cuts the connection now. Shuts it down rather than closes it: a worker may be in sendfile(),
  /// and the number of a closed descriptor would soon be another connection's.
  void Cut();
  /// Whether the connection was cut.
  bool expired() const;

 private:
  struct State;
  static void Watch(const std::shared_ptr<State>& state);

  std::shared_ptr<State> state_;
};

}  // namespace satchel
