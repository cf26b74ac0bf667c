/// What an S3 store is reached with, and how long is waited for it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "base/strong_string.h"

namespace satchel {

struct S3Credentials {
  Secret access_key;
  Secret secret_key;
};

/// Time without progress, never the time of a whole transfer: a slow one is no failed one.
struct S3TimeLimits {
  std::chrono::milliseconds connect{2000};       ///< name, TCP and TLS together
  std::chrono::milliseconds first_byte{30'000};  ///< from the request's last byte to the answer
  std::chrono::milliseconds stall{30'000};       ///< between two bytes, in either direction
};

/// Scheme, host and port, as they stand in URLs and in the Host header.
struct S3Endpoint {
  bool secure = false;
  std::string host;  ///< name or address, with the port unless it is the scheme's own

  std::string Url() const { return (secure ? "https://" : "http://") + host; }
};

/// Reads "host", "host:port" or either behind http:// or https://, which wins over `secure`.
/// CONFIGURATION_INVALID, naming `key` (a configuration key): anything else, such as a path.
Result<S3Endpoint> ParseS3Endpoint(std::string_view key, std::string_view text, bool secure);

struct S3StoreOptions {
  S3Endpoint endpoint;
  std::string region = "us-east-1";
  std::string bucket = "documents";
  S3Credentials credentials;
  std::string ca_pem;  ///< PEM text that alone is trusted; empty: the system's authorities
  S3TimeLimits time_limits;
  /// Objects longer than this are written as a multipart upload. Bytes.
  std::int64_t single_put_bytes_max = std::int64_t{100} * 1024 * 1024;
  /// Bytes of a part, unless an object would then have more than S3's 10,000.
  std::int64_t part_bytes = std::int64_t{16} * 1024 * 1024;
  /// Versions in a page of a listing.
  int listing_page_max = 1000;
  /// Requests at once, each on a connection of its own. One more is refused, never waited for: a
  /// waiting worker could be the one that an open upload needs.
  std::size_t connections_max = 2048;
  /// Connections kept open for the next request.
  std::size_t idle_connections_max = 64;
};

}  // namespace satchel
