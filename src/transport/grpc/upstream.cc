#include "transport/grpc/upstream.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/credentials.h>

#include "base/version.h"

namespace satchel {
namespace {

/// Passed calls in progress; those of documents are counted apart, so that neither starves the
/// other.
constexpr int kPassedCallsMax = 1024;
constexpr int kKeepaliveTimeMilliseconds = 60'000;
constexpr int kKeepaliveTimeoutMilliseconds = 20'000;
/// Between attempts to connect, which go on by themselves: an upstream that is back is found soon.
constexpr int kReconnectMillisecondsMin = 100;
constexpr int kReconnectMillisecondsMax = 1000;
/// Of one attempt, where nobody answers at all.
constexpr int kConnectMillisecondsMax = 2000;
/// What messages hold in all while their next side has not taken them.
constexpr std::size_t kHeldBytesMax = 128UL * 1024 * 1024;
/// Backstop for what arrives at once, before the above can stop it: at the quota gRPC resets
/// streams of this connection.
constexpr std::size_t kQuotaBytes = 512UL * 1024 * 1024;
constexpr int kStreamWindowBytes = 128 * 1024;
constexpr int kFrameBytesMax = 1024 * 1024;

std::shared_ptr<grpc::Channel> MakeChannel(const UpstreamOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetUserAgentPrefix("satchel/" + std::string(kVersion));
  arguments.SetMaxReceiveMessageSize(static_cast<int>(options.message_bytes_max));
  arguments.SetInt(GRPC_ARG_MAX_METADATA_SIZE, kPassedMetadataBytesMax);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveTimeMilliseconds);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMilliseconds);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectMillisecondsMin);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectMillisecondsMax);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectMillisecondsMax);
  // Whether a call is repeated is for its caller to say; gRPC would do it unasked.
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, kStreamWindowBytes);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_FRAME_SIZE, kFrameBytesMax);
  // No proxy of the environment, no service configuration from DNS.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  grpc::ResourceQuota quota("upstream");
  quota.Resize(kQuotaBytes);
  arguments.SetResourceQuota(quota);
  return grpc::CreateCustomChannel("dns:///" + options.target, grpc::InsecureChannelCredentials(),
                                   arguments);
}

}  // namespace

Upstream::Upstream(const UpstreamOptions& options, PassedCallObserver& observer)
    : channel_(MakeChannel(options)),
      stub_(channel_),
      admission_(kPassedCallsMax),
      budget_(kHeldBytesMax),
      environment_{.channel = *channel_,
                   .stub = stub_,
                   .admission = admission_,
                   .budget = budget_,
                   .waits = waits_,
                   .observer = observer,
                   .message_bytes_max = options.message_bytes_max,
                   .stream_idle_max = options.stream_idle_max},
      calls_gone_(std::make_shared<std::promise<void>>()),
      calls_(this, [gone = calls_gone_](const void*) { gone->set_value(); }) {}

Upstream::~Upstream() {
  calls_.reset();
  calls_gone_->get_future().wait();
}

grpc::ServerGenericBidiReactor* Upstream::Pass(grpc::GenericCallbackServerContext& context) {
  const auto call = std::make_shared<PassedCall>(environment_, calls_, context);
  call->Start();
  return call.get();
}

}  // namespace satchel
