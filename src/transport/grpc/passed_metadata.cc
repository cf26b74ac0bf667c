#include "transport/grpc/passed_metadata.h"

#include <grpc/grpc.h>
#include <grpcpp/support/slice.h>

#include <algorithm>
#include <array>
#include <string>

namespace satchel {
namespace {

constexpr std::array<std::string_view, 9> kOfOneHop = {
    "user-agent", "host",     "te",         "content-type",     "content-length",
    "connection", "lb-token", "keep-alive", "transfer-encoding"};
/// Pseudo headers, what gRPC says to its peer, and the details of a status, which go with it.
constexpr std::array<std::string_view, 2> kOfOneHopPrefixes = {":", "grpc-"};

grpc_slice Borrowed(grpc::string_ref text) {
  return grpc_slice_from_static_buffer(text.data(), text.size());
}

/// gRPC ends the process when it is told to send anything else.
bool CanBeSent(grpc::string_ref key, grpc::string_ref value) {
  if (grpc_header_key_is_legal(Borrowed(key)) == 0) return false;
  return grpc_is_binary_header(Borrowed(key)) != 0 ||
         grpc_header_nonbin_value_is_legal(Borrowed(value)) != 0;
}

std::string Text(grpc::string_ref text) { return {text.data(), text.size()}; }

/// Calls `add` for each entry that goes on; false as soon as one cannot be sent.
template <typename Add>
bool ForEach(const std::multimap<grpc::string_ref, grpc::string_ref>& metadata, const Add& add) {
  bool complete = true;
  for (const auto& [key, value] : metadata) {
    if (IsOfOneHop({key.data(), key.size()})) continue;
    if (CanBeSent(key, value)) {
      add(Text(key), Text(value));
    } else {
      complete = false;
    }
  }
  return complete;
}

}  // namespace

bool IsOfOneHop(std::string_view key) {
  return std::ranges::find(kOfOneHop, key) != kOfOneHop.end() ||
         std::ranges::any_of(kOfOneHopPrefixes,
                             [&](std::string_view prefix) { return key.starts_with(prefix); });
}

Status CopyRequestMetadata(const grpc::CallbackServerContext& from, grpc::ClientContext& to) {
  const bool complete = ForEach(
      from.client_metadata(),
      [&](const std::string& key, const std::string& value) { to.AddMetadata(key, value); });
  if (complete) return {};
  return InvalidField("metadata", "must be printable ASCII, or have a name that ends in -bin", "");
}

void CopyInitialMetadata(const grpc::ClientContext& from, grpc::CallbackServerContext& to) {
  ForEach(from.GetServerInitialMetadata(), [&](const std::string& key, const std::string& value) {
    to.AddInitialMetadata(key, value);
  });
}

void CopyTrailingMetadata(const grpc::ClientContext& from, grpc::CallbackServerContext& to) {
  ForEach(from.GetServerTrailingMetadata(), [&](const std::string& key, const std::string& value) {
    to.AddTrailingMetadata(key, value);
  });
}

}  // namespace satchel
