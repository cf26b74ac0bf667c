#include "adapters/s3/s3_options.h"

#include <algorithm>

#include "base/text.h"

namespace satchel {
namespace {

bool IsHostCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_';
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// "host", "[::1]".
bool IsHost(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']') && host.size() > 2) {
    return host.substr(1, host.size() - 2).find_first_not_of("0123456789abcdefABCDEF:.") ==
           std::string_view::npos;
  }
  return !host.empty() && std::all_of(host.begin(), host.end(), IsHostCharacter);
}

bool IsPort(std::string_view port) {
  return !port.empty() && port.size() <= 5 && std::all_of(port.begin(), port.end(), IsDigit) &&
         std::stoi(std::string(port)) >= 1 && std::stoi(std::string(port)) <= 65'535;
}

}  // namespace

Result<S3Endpoint> ParseS3Endpoint(std::string_view key, std::string_view text, bool secure) {
  constexpr std::string_view kHttp = "http://";
  constexpr std::string_view kHttps = "https://";
  std::string_view rest = text;
  const std::string lower = ToLowerAscii(text);
  if (lower.starts_with(kHttps)) {
    secure = true;
    rest.remove_prefix(kHttps.size());
  } else if (lower.starts_with(kHttp)) {
    secure = false;
    rest.remove_prefix(kHttp.size());
  }
  if (rest.ends_with('/')) rest.remove_suffix(1);
  std::string_view host = rest;
  std::string_view port;
  const std::size_t colon = rest.rfind(':');
  const bool has_port = colon != std::string_view::npos && rest.find(']', colon) == rest.npos;
  if (has_port) {
    host = rest.substr(0, colon);
    port = rest.substr(colon + 1);
  }
  if (!IsHost(host) || (has_port && !IsPort(port))) {
    return ConfigurationError(std::string(key) + " is \"" + TruncateUtf8(text, kEchoedBytesMax) +
                              "\", which is no address of a store; it takes host, host:port, or "
                              "either behind http:// or https://, without a path");
  }
  // Clients leave the scheme's own port out of the Host header, which is signed.
  const bool own_port = port == (secure ? "443" : "80");
  S3Endpoint endpoint{secure, std::string(host)};
  if (has_port && !own_port) endpoint.host.append(":").append(port);
  return endpoint;
}

}  // namespace satchel
