#include "transport/http/connection_deadline.h"

namespace satchel {

using SteadyTime = std::chrono::steady_clock::time_point;

/// Outlives the deadline while the timer's last callback is on its way.
struct ConnectionDeadline::State {
  explicit State(boost::asio::ip::tcp::socket& peer) : socket(&peer), timer(peer.get_executor()) {}

  void Cut() {
    if (socket == nullptr || expired) return;
    expired = true;
    boost::system::error_code ignored;  // a connection that is gone already is as good
    // A reset frees at once what the kernel holds for a peer that takes no bytes.
    socket->set_option(boost::asio::socket_base::linger(true, 0), ignored);
    socket->shutdown(boost::asio::socket_base::shutdown_both, ignored);
    socket->cancel(ignored);
  }

  boost::asio::ip::tcp::socket* socket;  ///< nullptr: the connection has ended
  boost::asio::steady_timer timer;
  SteadyTime deadline = SteadyTime::max();
  SteadyTime fires_at = SteadyTime::max();  ///< max(): the timer does not run
  bool expired = false;
};

ConnectionDeadline::ConnectionDeadline(boost::asio::ip::tcp::socket& socket)
    : state_(std::make_shared<State>(socket)) {}

ConnectionDeadline::~ConnectionDeadline() {
  state_->socket = nullptr;
  state_->timer.cancel();
}

void ConnectionDeadline::ExpireAfter(std::chrono::milliseconds delay) {
  state_->deadline = std::chrono::steady_clock::now() + delay;
  if (state_->deadline < state_->fires_at) Watch(state_);
}

void ConnectionDeadline::Suspend() { state_->deadline = SteadyTime::max(); }
void ConnectionDeadline::Cut() { state_->Cut(); }
bool ConnectionDeadline::expired() const { return state_->expired; }

void ConnectionDeadline::Watch(const std::shared_ptr<State>& state) {
  state->fires_at = state->deadline;
  state->timer.expires_at(state->deadline);  // ends a wait that would fire later
  state->timer.async_wait([state](const boost::system::error_code& error) {
    if (error || state->socket == nullptr) return;
    state->fires_at = SteadyTime::max();
    if (state->deadline == SteadyTime::max()) return;
    if (std::chrono::steady_clock::now() >= state->deadline) {
      state->Cut();
    } else {
      Watch(state);
    }
  });
}

}  // namespace satchel
