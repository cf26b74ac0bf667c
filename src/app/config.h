/// What operators can set, with units, as the rest of the program reads it. config_keys.h is the
/// table of the keys; ConfigLoader makes a Config from flags, environment, file and defaults.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "app/config_database_url.h"
#include "base/strong_string.h"
#include "ports/event_log.h"

namespace satchel {

enum class StorageBackend : std::uint8_t { kLocal, kMinio };

/// Complete and checked when it comes from ConfigLoader; a default-made one holds no defaults.
struct Config {
  std::string host;      ///< address that gRPC, metrics and links listen on
  int port = 0;          ///< gRPC; 0 here and below: any free port
  int metrics_port = 0;  ///< HTTP: /metrics, /health, /livez, /readyz
  int http_port = 0;     ///< HTTP: signed links of the embedded store; not used with kMinio
  /// Where clients reach http_port, without a trailing slash. Empty when http_port is 0 and
  /// nothing was set: known only once the port is bound.
  std::string public_url;

  std::string tls_cert;       ///< PEM text, or path of a PEM file; empty: no TLS
  Secret tls_key;             ///< the same
  std::string tls_client_ca;  ///< the same; empty: no client certificates are asked for

  StorageBackend storage_backend = StorageBackend::kLocal;
  std::string storage_dir;

  std::string minio_endpoint;  ///< host[:port]
  Secret minio_access_key;
  Secret minio_secret_key;
  bool minio_secure = false;
  std::string minio_region;
  std::string minio_bucket;
  std::string minio_ca;               ///< PEM text or path; empty: the system's
  std::string minio_public_endpoint;  ///< [http[s]://]host[:port], as clients see it

  DatabaseUrl database;
  std::string database_ca;  ///< PEM text or path; when set, TLS is required

  std::int64_t max_file_size = 0;               ///< bytes
  std::vector<std::string> allowed_mime_types;  ///< lower case
  std::vector<std::string> allowed_extensions;  ///< lower case, without the dot
  std::int64_t default_user_quota = 0;          ///< bytes
  std::chrono::minutes presigned_url_expiry{0};
  bool soft_delete = false;
  std::chrono::days soft_delete_retention{0};
  bool migrate_on_start = false;

  std::chrono::seconds shutdown_grace{0};
  std::chrono::seconds stream_idle_timeout{0};
  std::chrono::seconds upload_lease{0};
  int worker_threads = 0;
  int database_pool_size = 0;
  int max_concurrent_uploads = 0;
  int breaker_failures = 0;
  std::chrono::seconds breaker_open{0};

  LogLevel log_level = LogLevel::kInfo;
  std::string log_dir;  ///< empty: standard output only
  std::chrono::days log_retention{0};

  std::string upstream_grpc;                   ///< host:port of the AI service; empty: none
  std::int64_t upstream_max_message_size = 0;  ///< bytes
};

}  // namespace satchel
