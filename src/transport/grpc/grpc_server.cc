#include "transport/grpc/grpc_server.h"

#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <utility>

#include "base/limits.h"

namespace satchel {
namespace {

using namespace std::chrono_literals;

constexpr char kServiceName[] = "document.DocumentService";
constexpr int kKeepaliveTimeMilliseconds = 60'000;
constexpr int kKeepaliveTimeoutMilliseconds = 20'000;
/// The platform's clients ping every 20 s, with and without calls.
constexpr int kPingIntervalMinMilliseconds = 10'000;
/// Receive window of each stream. Fixed, since windows that follow the measured bandwidth (BDP)
/// grow without bound: 100 uploads took 450 MiB with it and 120 MiB like this, equally fast.
constexpr int kStreamWindowBytes = 512 * 1024;
constexpr int kFrameBytesMax = 1024 * 1024;
/// Backstop far above what the windows allow: a quota that is reached resets streams.
constexpr std::size_t kResourceQuotaBytes = 1024UL * 1024 * 1024;
/// After the drain, which has waited for answers, only trailers are still on their way.
constexpr std::chrono::milliseconds kFlushTimeMax = 500ms;

std::shared_ptr<grpc::ServerCredentials> Credentials(const GrpcServerOptions& options) {
  if (options.tls_certificate.empty()) return grpc::InsecureServerCredentials();
  grpc::SslServerCredentialsOptions tls(
      options.tls_client_ca.empty() ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                                    : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  tls.pem_root_certs = options.tls_client_ca;
  tls.pem_key_cert_pairs.push_back({options.tls_key, options.tls_certificate});
  return grpc::SslServerCredentials(tls);
}

void SetChannelArguments(grpc::ServerBuilder& builder, const Upstream* upstream) {
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveTimeMilliseconds);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMilliseconds);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             kPingIntervalMinMilliseconds);
  // Without this a second server on the same port would share it unnoticed.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, kStreamWindowBytes);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_FRAME_SIZE, kFrameBytesMax);
  std::size_t message_bytes_max = kReceivedMessageBytesMax;
  if (upstream != nullptr) {
    message_bytes_max = std::max(message_bytes_max, upstream->message_bytes_max());
    builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kPassedMetadataBytesMax);
  }
  builder.SetMaxReceiveMessageSize(static_cast<int>(message_bytes_max));
  grpc::ResourceQuota quota("satchel");
  quota.Resize(kResourceQuotaBytes);
  builder.SetResourceQuota(quota);
}

/// Why nobody can listen at `host` and `port`: gRPC does not tell, and where only the IPv6 half of
/// an address is taken it serves the other half without a word. A name may also stand for addresses
/// that this machine does not have; one that it has is enough.
boost::system::error_code BindError(const std::string& host, int port) {
  using boost::asio::ip::tcp;
  boost::asio::io_context io;
  boost::system::error_code first_error;
  const auto addresses = tcp::resolver(io).resolve(
      host, std::to_string(port), tcp::resolver::passive | tcp::resolver::numeric_service,
      first_error);
  bool usable = false;
  for (const auto& address : addresses) {
    boost::system::error_code error;
    tcp::acceptor acceptor(io);
    acceptor.open(address.endpoint().protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor.bind(address.endpoint(), error);
    if (error == boost::asio::error::address_in_use) return error;
    usable = usable || !error;
    if (!first_error) first_error = error;
  }
  return usable ? boost::system::error_code() : first_error;
}

Status CheckAddress(const GrpcServerOptions& options) {
  const boost::system::error_code error = BindError(options.host, options.port);
  if (!error) return {};
  const std::string where = "PORT " + std::to_string(options.port) + " on " + options.host;
  if (error == boost::asio::error::address_in_use) {
    return ConfigurationError(where + " is in use by another process; stop that one, or set PORT " +
                              "to a free port");
  }
  return ConfigurationError("cannot listen at " + where + ": " + error.message());
}

}  // namespace

Result<std::unique_ptr<GrpcServer>> GrpcServer::Start(const GrpcServerOptions& options,
                                                      grpc::Service& documents,
                                                      Admission& admission, Upstream* upstream,
                                                      EventLog& log) {
  SATCHEL_RETURN_IF_ERROR(CheckAddress(options));
  grpc::EnableDefaultHealthCheckService(true);
  grpc::ServerBuilder builder;
  SetChannelArguments(builder, upstream);
  const bool ipv6 = options.host.find(':') != std::string::npos;
  const std::string address =
      (ipv6 ? "[" + options.host + "]" : options.host) + ":" + std::to_string(options.port);
  int port = 0;
  builder.AddListeningPort(address, Credentials(options), &port);
  // tidy-allow(raw-new): the constructor is private, make_unique cannot reach it
  std::unique_ptr<GrpcServer> made(new GrpcServer(admission, upstream));
  builder.RegisterService(&documents);
  builder.RegisterCallbackGenericService(&made->generic_calls_);
  made->server_ = builder.BuildAndStart();
  made->port_ = port;
  if (made->server_ == nullptr || port == 0) {
    return ConfigurationError("gRPC cannot serve at " + address +
                              (options.tls_certificate.empty()
                                   ? ""
                                   : " with TLS_CERT, TLS_KEY and TLS_CLIENT_CA as they are") +
                              "; GRPC_VERBOSITY=error shows why");
  }
  grpc::HealthCheckServiceInterface& health = *made->server_->GetHealthCheckService();
  health.SetServingStatus(kServiceName, true);
  if (upstream != nullptr) {
    made->upstream_health_ = std::make_unique<UpstreamHealth>(upstream->channel(), health, log);
  }
  return made;
}

GrpcServer::GrpcServer(Admission& admission, Upstream* upstream)
    : admissions_{&admission}, generic_calls_(upstream, admission) {
  if (upstream != nullptr) admissions_.push_back(&upstream->admission());
}

void GrpcServer::Drain(std::chrono::milliseconds grace) {
  // First: whoever sees the health turn finds nothing open.
  for (Admission* admission : admissions_) admission->Drain();
  upstream_health_.reset();
  server_->GetHealthCheckService()->SetServingStatus(false);
  EndCalls(admissions_, grace);
  server_->Shutdown(std::chrono::system_clock::now() + kFlushTimeMax);
  server_->Wait();
}

}  // namespace satchel
