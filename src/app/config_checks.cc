#include "app/config_checks.h"

#include <algorithm>
#include <filesystem>
#include <thread>
#include <utility>

#include "base/text.h"

namespace satchel {
namespace {

constexpr int kWorkersPerCore = 8;
constexpr int kWorkersMin = 16;
constexpr int kWorkersMax = 32;
constexpr std::string_view kDatabaseFile = "satchel.db";

bool IsLoopback(std::string_view host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

}  // namespace

void DeriveDefaults(Config& config, const std::function<bool(std::string_view key)>& given) {
  if (!given("STORAGE_BACKEND") && given("MINIO_ENDPOINT") && !config.minio_endpoint.empty()) {
    config.storage_backend = StorageBackend::kMinio;
  }
  if (!given("MINIO_PUBLIC_ENDPOINT")) config.minio_public_endpoint = config.minio_endpoint;
  if (!given("MICROSERVICE_DATABASE")) {
    config.database.kind = DatabaseKind::kSqlite;
    config.database.path = (std::filesystem::path(config.storage_dir) / kDatabaseFile).string();
  }
  if (!given("MIGRATE_ON_START")) {
    config.migrate_on_start = config.database.kind == DatabaseKind::kSqlite;
  }
  if (!given("PUBLIC_URL") && config.http_port != 0) {
    config.public_url = config.tls_cert.empty() ? "http" : "https";
    config.public_url.append("://localhost:").append(std::to_string(config.http_port));
  }
  if (!given("WORKER_THREADS")) {
    const auto cores = static_cast<int>(std::thread::hardware_concurrency());
    config.worker_threads = std::clamp(kWorkersPerCore * cores, kWorkersMin, kWorkersMax);
  }
}

std::vector<std::string> FindConflicts(const Config& config,
                                       const std::function<bool(std::string_view key)>& given) {
  std::vector<std::string> conflicts;
  const bool minio = config.storage_backend == StorageBackend::kMinio;
  const auto need = [&](bool needed, std::string_view key, std::string_view why) {
    if (needed && !given(key))
      conflicts.push_back(std::string(key) + " must be set " + std::string(why));
  };
  need(given("TLS_CERT"), "TLS_KEY", "together with TLS_CERT");
  need(given("TLS_KEY"), "TLS_CERT", "together with TLS_KEY");
  need(given("TLS_CLIENT_CA"), "TLS_CERT", "together with TLS_CLIENT_CA");
  need(minio, "MINIO_ENDPOINT", "with STORAGE_BACKEND minio");
  need(minio, "MINIO_ACCESS_KEY", "(or MINIO_ROOT_USER) with STORAGE_BACKEND minio");
  need(minio, "MINIO_SECRET_KEY", "(or MINIO_ROOT_PASSWORD) with STORAGE_BACKEND minio");
  need(minio, "MICROSERVICE_DATABASE", "with STORAGE_BACKEND minio");

  using NamedPort = std::pair<std::string_view, int>;
  std::vector<NamedPort> ports = {{"PORT", config.port}, {"METRICS_PORT", config.metrics_port}};
  if (!minio) ports.emplace_back("HTTP_PORT", config.http_port);
  for (auto first = ports.begin(); first != ports.end(); ++first) {
    for (auto second = std::next(first); second != ports.end(); ++second) {
      if (first->second == 0 || first->second != second->second) continue;
      conflicts.push_back(std::string(first->first) + " and " + std::string(second->first) +
                          " are both " + std::to_string(first->second) +
                          ", must be different ports");
    }
  }
  return conflicts;
}

std::vector<std::string> FindConcerns(const Config& config) {
  std::vector<std::string> concerns;
  if (config.tls_cert.empty() && !IsLoopback(config.host)) {
    concerns.push_back("HOST " + TruncateUtf8(config.host, kEchoedBytesMax) +
                       " can be reached from other machines and TLS_CERT is not set: documents "
                       "travel unencrypted, and whoever reaches the port can use it");
  }
  return concerns;
}

}  // namespace satchel
