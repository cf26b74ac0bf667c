#include "cli/connection.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>

#include "base/text.h"
#include "base/version.h"
#include "cli/grpc_log.h"
#include "cli/unreachable.h"

namespace satchel::cli {
namespace {

constexpr std::string_view kDefaultServer = "localhost:50051";
constexpr std::string_view kDefaultPort = "50051";

// An empty variable counts as absent, as with other command-line clients.
std::optional<std::string> OptionOrVariable(const std::optional<std::string>& option,
                                            const char* variable) {
  if (option) return option;
  const char* const value = std::getenv(variable);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return std::string(value);
}

MaybeError ReadPem(const std::optional<std::string>& path, std::string* pem) {
  if (!path) return std::nullopt;
  errno = 0;
  std::ifstream file(*path, std::ios::binary);
  if (file) pem->assign(std::istreambuf_iterator<char>(file), {});
  if (!file || file.bad()) return SystemError("cannot read " + *path, errno);
  if (pem->empty()) return LocalError(*path + " is empty");
  if (pem->find("-----BEGIN") == std::string::npos) return LocalError(*path + " holds no PEM");
  return std::nullopt;
}

MaybeError ReadSwitch(const char* variable, bool* value) {
  const std::string text = ToLowerAscii(OptionOrVariable(std::nullopt, variable).value_or("false"));
  *value = text == "true" || text == "1";
  if (*value || text == "false" || text == "0") return std::nullopt;
  return UsageError(std::string(variable) + " takes true or false, got " + text);
}

}  // namespace

std::string CompleteTarget(std::string_view server) {
  const bool has_scheme = server.starts_with("unix:") || server.starts_with("unix-abstract:") ||
                          server.starts_with("dns:") || server.starts_with("ipv4:") ||
                          server.starts_with("ipv6:");
  // [::1] has no port; host:1 and [::1]:1 have one.
  const bool has_port = server.find(':') != std::string_view::npos && !server.ends_with(']');
  if (has_scheme || has_port) return std::string(server);
  return std::string(server) + ":" + std::string(kDefaultPort);
}

bool IsLoopback(std::string_view target) {
  return target.starts_with("localhost:") || target.starts_with("127.") ||
         target.starts_with("[::1]:");
}

MaybeError ResolveServer(const ConnectionOptions& options, ServerAddress* address) {
  const std::string server =
      OptionOrVariable(options.server, "SATCHEL_SERVER").value_or(std::string(kDefaultServer));
  if (server.starts_with("http://") || server.starts_with("https://")) {
    return UsageError("--server takes HOST:PORT, not a URL: " + server);
  }
  address->target = CompleteTarget(server);
  const auto ca = OptionOrVariable(options.ca_file, "SATCHEL_CA");
  const auto certificate = OptionOrVariable(options.certificate_file, "SATCHEL_CERT");
  const auto key = OptionOrVariable(options.key_file, "SATCHEL_KEY");
  if (certificate.has_value() != key.has_value()) {
    return UsageError("--cert and --key (SATCHEL_CERT and SATCHEL_KEY) go together");
  }
  bool tls = false;
  if (auto error = ReadSwitch("SATCHEL_TLS", &tls)) return error;
  address->tls = tls || options.tls || ca || certificate;
  if (auto error = ReadPem(ca, &address->ca)) return error;
  if (auto error = ReadPem(certificate, &address->certificate)) return error;
  return ReadPem(key, &address->key);
}

MaybeError ResolveUser(const ConnectionOptions& options, std::string* user) {
  const auto given = OptionOrVariable(options.user, "SATCHEL_USER");
  if (!given) return UsageError("whose documents? Give --user USER or set SATCHEL_USER");
  *user = *given;
  return CheckUtf8("--user", *user);
}

std::shared_ptr<grpc::Channel> Connect(const ServerAddress& address) {
  QuietGrpcLog();
  grpc::ChannelArguments arguments;
  arguments.SetUserAgentPrefix("satchel/" + std::string(kVersion));
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // http_proxy often comes without a no_proxy, and no proxy leads back here.
  if (IsLoopback(address.target)) arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials();
  if (address.tls) {
    credentials = grpc::SslCredentials({.pem_root_certs = address.ca,
                                        .pem_private_key = address.key,
                                        .pem_cert_chain = address.certificate});
  }
  return grpc::CreateCustomChannel(address.target, credentials, arguments);
}

CommandError ErrorFromCall(const grpc::Status& status, const ServerAddress& address) {
  CommandError error = ErrorFromCall(status, std::string_view(address.target));
  if (error.exit_code == kExitUnreachable) {
    error.message = "cannot reach " + address.target + ": " +
                    ExplainUnreachable(address, status.error_message());
  }
  return error;
}

void SetDeadline(const ConnectionOptions& options, grpc::ClientContext* context) {
  context->set_deadline(std::chrono::system_clock::now() +
                        std::chrono::seconds(options.timeout_seconds));
}

MaybeError CheckUtf8(std::string_view what, std::string_view text) {
  if (IsValidUtf8(text)) return std::nullopt;
  return UsageError(std::string(what) + " is not valid UTF-8: " + std::string(text));
}

}  // namespace satchel::cli
