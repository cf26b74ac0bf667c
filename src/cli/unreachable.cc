#include "cli/unreachable.h"

namespace satchel::cli {
namespace {

/// The HOST of HOST:PORT.
std::string HostOf(const std::string& target) { return target.substr(0, target.rfind(':')); }

std::string ExplainUntrusted(const ServerAddress& address) {
  if (address.ca.empty()) {
    return "its certificate is of no authority that this machine trusts: name the file with its "
           "own "
           "with --ca (SATCHEL_CA)";
  }
  return "its certificate is not of the authority in --ca (SATCHEL_CA), or has expired";
}

/// A TLS server ends a connection without a word when it does not like what it gets.
std::string ExplainClosed(const ServerAddress& address) {
  if (!address.tls) {
    return "it closed the connection, as a server does that speaks TLS: give --tls (SATCHEL_TLS), "
           "and --ca (SATCHEL_CA) where its authority is one of its own";
  }
  if (address.certificate.empty()) {
    return "it closed the connection, as a server does that wants a certificate of yours: give "
           "--cert and --key (SATCHEL_CERT, SATCHEL_KEY)";
  }
  return "it closed the connection: most likely it does not accept the certificate in --cert "
         "(SATCHEL_CERT)";
}

}  // namespace

std::string ExplainUnreachable(const ServerAddress& address, std::string_view grpc_text) {
  const auto says = [&](std::string_view words) {
    return grpc_text.find(words) != std::string_view::npos;
  };
  if (says("wrong version number")) {
    return "it does not speak TLS: leave out --tls, --ca and --cert (SATCHEL_TLS, SATCHEL_CA, "
           "SATCHEL_CERT)";
  }
  if (says("certificate verify failed")) return ExplainUntrusted(address);
  if (says("is not in peer certificate")) {
    return "its certificate is made out to other names than " + HostOf(address.target) +
           ": call it by one of those in --server (SATCHEL_SERVER)";
  }
  if (says("http1.x server")) {
    return "it speaks HTTP/1 there: --server (SATCHEL_SERVER) takes its port of gRPC";
  }
  // gRPC makes no connection at all with them.
  if (address.tls && says("empty address list")) {
    return "the files in --ca, --cert and --key (SATCHEL_CA, SATCHEL_CERT, SATCHEL_KEY) cannot be "
           "used: PEM is needed, and certificate and key that belong together";
  }
  // Later than this, the server itself went away.
  if (says("failed to connect to all addresses") && says("Socket closed")) {
    return ExplainClosed(address);
  }
  if (says("Connection refused")) {
    return "nothing listens there: is the server running, and --server (SATCHEL_SERVER) right?";
  }
  if (says("Domain name not found")) {
    return "there is no such host: check --server (SATCHEL_SERVER)";
  }
  return std::string(grpc_text);
}

}  // namespace satchel::cli
