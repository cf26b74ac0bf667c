/// The other server behind this port: the connection to it, and the calls that are passed to it.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>

#include <chrono>
#include <cstddef>
#include <future>
#include <memory>
#include <string>

#include "ports/passed_call_observer.h"
#include "transport/grpc/admission.h"
#include "transport/grpc/message_budget.h"
#include "transport/grpc/passed_call.h"
#include "transport/grpc/short_waits.h"

namespace satchel {

/// Of one call, in each direction: as much as the servers behind take.
inline constexpr int kPassedMetadataBytesMax = 16 * 1024;

struct UpstreamOptions {
  std::string target;             ///< host:port, without TLS
  std::size_t message_bytes_max;  ///< of each message, in both directions
  /// A caller that does not take what the upstream sends is cut after it.
  std::chrono::milliseconds stream_idle_max;
};

/// Thread-safe. Outlives the server whose calls it passes on.
class Upstream {
 public:
  /// Does not connect yet: an upstream that is down fails its own calls and nothing else.
  Upstream(const UpstreamOptions& options, PassedCallObserver& observer);
  /// Waits until the last call is gone, which may be a moment after the server's end.
  ~Upstream();
  Upstream(const Upstream&) = delete;
  Upstream& operator=(const Upstream&) = delete;

  /// Passes the call on, or refuses it: SHUTTING_DOWN, SERVER_BUSY.
  grpc::ServerGenericBidiReactor* Pass(grpc::GenericCallbackServerContext& context);

  Admission& admission() { return admission_; }
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }
  std::size_t message_bytes_max() const { return environment_.message_bytes_max; }

 private:
  const std::shared_ptr<grpc::Channel> channel_;
  grpc::GenericStub stub_;
  Admission admission_;
  MessageBudget budget_;
  ShortWaits waits_;
  const PassedCallEnvironment environment_;
  const std::shared_ptr<std::promise<void>> calls_gone_;
  std::shared_ptr<const void> calls_;  ///< each call has it; the last one keeps the promise
};

}  // namespace satchel
