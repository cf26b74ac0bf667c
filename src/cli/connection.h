/// The way to the server: address, TLS, deadlines.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <memory>
#include <string>
#include <string_view>

#include "cli/command_error.h"
#include "cli/environment.h"

namespace satchel::cli {

/// The connection options with environment variables and defaults filled in, and files read.
struct ServerAddress {
  std::string target;  ///< HOST:PORT, or what else gRPC's naming knows (unix:PATH, dns:///...)
  bool tls = false;
  std::string ca;           ///< PEM; empty: the system's roots
  std::string certificate;  ///< PEM; empty: none
  std::string key;          ///< PEM; empty: none
};

/// `server` with the default port where it names none. Pure.
std::string CompleteTarget(std::string_view server);

/// Whether `target` names this machine. Pure.
bool IsLoopback(std::string_view target);

/// Reads options, environment and files into `address`.
MaybeError ResolveServer(const ConnectionOptions& options, ServerAddress* address);

/// The user from the options or SATCHEL_USER; an error when neither names one.
MaybeError ResolveUser(const ConnectionOptions& options, std::string* user);

/// A new connection each time: one that broke before does not delay it by gRPC's backoff. Turns
/// gRPC's own log off, unless GRPC_VERBOSITY is set.
std::shared_ptr<grpc::Channel> Connect(const ServerAddress& address);

/// An error of a call, with its google.rpc details; says what to do when the server was not
/// reached.
CommandError ErrorFromCall(const grpc::Status& status, const ServerAddress& address);

/// For a call that is one request and one answer.
void SetDeadline(const ConnectionOptions& options, grpc::ClientContext* context);

/// Text that is sent must be UTF-8; `what` names it in the error.
MaybeError CheckUtf8(std::string_view what, std::string_view text);

}  // namespace satchel::cli
