#include "transport/http/shared_probe.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <utility>

namespace satchel {

struct SharedProbe::Flight {
  explicit Flight(const boost::asio::any_io_executor& strand) : timer(strand) {}

  boost::asio::steady_timer timer;  ///< ends the waits: cancelled by the outcome, or run out
  std::optional<Status> outcome;
};

SharedProbe::SharedProbe(boost::asio::any_io_executor workers, Probe probe,
                         std::chrono::milliseconds timeout)
    : workers_(std::move(workers)), probe_(std::move(probe)), timeout_(timeout) {}

void SharedProbe::Begin(const boost::asio::any_io_executor& strand) {
  if (flight_ && !flight_->outcome) return;
  flight_ = std::make_shared<Flight>(strand);
  const auto deadline = std::chrono::steady_clock::now() + timeout_;
  flight_->timer.expires_at(deadline);
  boost::asio::post(workers_, [flight = flight_, probe = probe_, deadline, strand] {
    const CallContext call("probe", deadline);
    Status outcome = probe(call);
    boost::asio::post(strand, [flight, outcome = std::move(outcome)] {
      flight->outcome = outcome;
      flight->timer.cancel();
    });
  });
}

boost::asio::awaitable<Status> SharedProbe::Wait() {
  const std::shared_ptr<Flight> flight = flight_;
  if (!flight->outcome) {
    co_await flight->timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }
  if (flight->outcome) co_return *flight->outcome;
  co_return Status(Reason::kDeadlineExceeded, "no answer in time");
}

}  // namespace satchel
