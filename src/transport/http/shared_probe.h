/// A health probe that many may ask for and that may hang.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>

#include "base/call_context.h"
#include "base/status.h"

namespace satchel {

/// At most one probe runs at a time, on the workers; whoever asks meanwhile shares it, and whoever
/// asks while it hangs past its time is told so at once. All calls come from one strand.
class SharedProbe {
 public:
  using Probe = std::function<Status(const CallContext&)>;

  /// `probe` blocks; it may run longer than this object lives.
  SharedProbe(boost::asio::any_io_executor workers, Probe probe, std::chrono::milliseconds timeout);

  /// Starts a probe on behalf of `strand` unless one runs.
  void Begin(const boost::asio::any_io_executor& strand);
  /// The outcome of the probe begun last; DEADLINE_EXCEEDED when it did not end in time.
  boost::asio::awaitable<Status> Wait();

 private:
  struct Flight;

  const boost::asio::any_io_executor workers_;
  const Probe probe_;
  const std::chrono::milliseconds timeout_;
  std::shared_ptr<Flight> flight_;
};

}  // namespace satchel
