#include "app/config_keys.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "app/config_values.h"
#include "base/limits.h"
#include "base/text.h"

namespace satchel {
namespace {

constexpr std::int64_t kPortMax = 65535;
constexpr std::int64_t kFileSizeMax = std::int64_t{5} << 40;  ///< bytes; S3's own limit
constexpr std::int64_t kQuotaMax = std::int64_t{1} << 60;     ///< bytes; sums stay in 64 bits
constexpr std::int64_t kUpstreamMessageBytesMax = std::int64_t{1} << 30;
constexpr std::int64_t kDaysMax = 36500;
constexpr std::int64_t kDaySeconds = 86400;

struct Range {
  std::int64_t min;
  std::int64_t max;
  bool Contains(std::int64_t value) const { return value >= min && value <= max; }
};

struct Text {
  std::string_view name;
  std::string_view default_text;
  std::string_view help;
};

ConfigKey MakeKey(const Text& text, std::string_view placeholder, std::string takes) {
  ConfigKey key;
  key.name = text.name;
  key.default_text = text.default_text;
  key.help = text.help;
  key.placeholder = placeholder;
  key.takes = std::move(takes);
  return key;
}

ConfigKey Derived(ConfigKey key) {
  key.default_is_derived = true;
  return key;
}

ConfigKey WithFallback(ConfigKey key, std::string_view fallback) {
  key.fallback = fallback;
  return key;
}

std::string Bounds(const Range& range) {
  return std::to_string(range.min) + " to " + std::to_string(range.max);
}

ConfigKey Integer(const Text& text, int Config::*member, Range range,
                  std::string_view placeholder = "NUMBER") {
  ConfigKey key = MakeKey(text, placeholder, "a whole number, " + Bounds(range));
  key.assign = [member, range](Config& config, const std::string& value) {
    const std::optional<std::int64_t> number = ParseInteger(value);
    if (!number || !range.Contains(*number)) return false;
    config.*member = static_cast<int>(*number);
    return true;
  };
  key.show = [member](const Config& config) { return std::to_string(config.*member); };
  return key;
}

ConfigKey Port(const Text& text, int Config::*member) {
  ConfigKey key = Integer(text, member, {0, kPortMax}, "PORT");
  key.takes = "a port, " + Bounds({0, kPortMax}) + " (0: any free one)";
  return key;
}

template <typename Duration>
ConfigKey Time(const Text& text, Duration Config::*member, Range range, std::string_view unit) {
  ConfigKey key =
      MakeKey(text, unit, "a whole number of " + ToLowerAscii(unit) + ", " + Bounds(range));
  key.assign = [member, range](Config& config, const std::string& value) {
    const std::optional<std::int64_t> number = ParseInteger(value);
    if (!number || !range.Contains(*number)) return false;
    config.*member = Duration(static_cast<typename Duration::rep>(*number));
    return true;
  };
  key.show = [member](const Config& config) { return std::to_string((config.*member).count()); };
  return key;
}

ConfigKey Size(const Text& text, std::int64_t Config::*member, Range range) {
  ConfigKey key = MakeKey(text, "SIZE",
                          "a size in bytes or as 50MB, 10MiB, 1GB (MB is 2^20), " +
                              FormatSize(range.min) + " to " + FormatSize(range.max));
  key.assign = [member, range](Config& config, const std::string& value) {
    const std::optional<std::int64_t> bytes = ParseSize(value);
    if (!bytes || !range.Contains(*bytes)) return false;
    config.*member = *bytes;
    return true;
  };
  key.show = [member](const Config& config) { return std::to_string(config.*member); };
  return key;
}

ConfigKey Boolean(const Text& text, bool Config::*member) {
  ConfigKey key = MakeKey(text, "BOOLEAN", "true or false (1/0, yes/no, on/off)");
  key.assign = [member](Config& config, const std::string& value) {
    const std::optional<bool> boolean = ParseBoolean(value);
    if (boolean) config.*member = *boolean;
    return boolean.has_value();
  };
  key.show = [member](const Config& config) { return config.*member ? "true" : "false"; };
  return key;
}

/// Text that `accepts`, or none at all where `may_be_empty`.
ConfigKey String(const Text& text, std::string Config::*member, std::string_view placeholder,
                 std::string takes, bool may_be_empty, bool (*accepts)(std::string_view)) {
  ConfigKey key = MakeKey(text, placeholder, std::move(takes));
  key.assign = [member, may_be_empty, accepts](Config& config, const std::string& value) {
    if (!(value.empty() ? may_be_empty : accepts(value))) return false;
    config.*member = value;
    return true;
  };
  key.show = [member](const Config& config) { return config.*member; };
  return key;
}

bool IsPath(std::string_view text) { return text.find('\0') == std::string_view::npos; }

ConfigKey Path(const Text& text, std::string Config::*member, bool may_be_empty) {
  return String(text, member, "FOLDER", "a path", may_be_empty, IsPath);
}

/// PEM text is long: only that it was given is shown.
ConfigKey Pem(const Text& text, std::string Config::*member) {
  ConfigKey key = String(text, member, "PEM", "PEM text or the path of a PEM file", true, IsPath);
  key.show = [member](const Config& config) {
    return IsPemText(config.*member) ? std::string("(PEM text)") : config.*member;
  };
  return key;
}

ConfigKey SecretText(const Text& text, Secret Config::*member, std::string_view placeholder,
                     std::string_view takes) {
  ConfigKey key = MakeKey(text, placeholder, std::string(takes));
  key.secrecy = Secrecy::kSecret;
  key.assign = [member](Config& config, const std::string& value) {
    if (!IsPath(value)) return false;
    config.*member = Secret(value);
    return true;
  };
  key.show = [member](const Config& config) {
    return (config.*member).empty() ? "(not set)" : "(set)";
  };
  return key;
}

ConfigKey List(const Text& text, std::vector<std::string> Config::*member, std::string takes,
               std::optional<std::string> (*normalise)(const std::string&)) {
  ConfigKey key = MakeKey(text, "LIST", std::move(takes));
  key.assign = [member, normalise](Config& config, const std::string& value) {
    const std::optional<std::vector<std::string>> items = ParseList(value);
    if (!items) return false;
    std::vector<std::string> normalised;
    for (const std::string& item : *items) {
      const std::optional<std::string> one = normalise(item);
      if (!one) return false;
      if (std::find(normalised.begin(), normalised.end(), *one) == normalised.end()) {
        normalised.push_back(*one);
      }
    }
    config.*member = std::move(normalised);
    return true;
  };
  key.show = [member](const Config& config) {
    std::string joined;
    for (const std::string& item : config.*member) {
      joined.append(joined.empty() ? "" : ",").append(item);
    }
    return joined;
  };
  return key;
}

std::optional<std::string> NormaliseMimeType(const std::string& item) {
  const std::string type(TrimAscii(std::string_view(item).substr(0, item.find(';'))));
  return IsMimeType(type) ? std::optional(type) : std::nullopt;
}

std::optional<std::string> NormaliseExtension(const std::string& item) {
  const std::string extension = item.starts_with('.') ? item.substr(1) : item;
  // TruncateUtf8() changes what is not printable.
  const bool usable = !extension.empty() && extension.find_first_of("./\\ ") == std::string::npos &&
                      TruncateUtf8(extension, kFilenameBytesMax) == extension;
  return usable ? std::optional(extension) : std::nullopt;
}

bool IsHostWithPort(std::string_view text) {
  const std::optional<HostAndPort> address = ParseHostAndPort(text);
  return address && address->port.value_or(0) != 0;
}

bool IsStoreAddress(std::string_view text) {
  const std::optional<HostAndPort> address = ParseHostAndPort(text);
  return address && address->port.value_or(1) != 0;
}

bool IsStoreAddressOrUrl(std::string_view text) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (text.starts_with(scheme)) return IsStoreAddress(text.substr(scheme.size()));
  }
  return IsStoreAddress(text);
}

bool IsRegion(std::string_view text) {
  return text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_';
         });
}

ConfigKey PublicUrl(const Text& text) {
  ConfigKey key = MakeKey(text, "URL",
                          "an absolute http:// or https:// URL without user, "
                          "query and fragment");
  key.assign = [](Config& config, const std::string& value) {
    const std::optional<std::string> url = ParseHttpUrl(value);
    if (url) config.public_url = *url;
    return url.has_value();
  };
  key.show = [](const Config& config) { return config.public_url; };
  return key;
}

ConfigKey Backend(const Text& text) {
  ConfigKey key = MakeKey(text, "local|minio", "local or minio");
  key.assign = [](Config& config, const std::string& value) {
    const std::string lower = ToLowerAscii(value);
    config.storage_backend = lower == "minio" ? StorageBackend::kMinio : StorageBackend::kLocal;
    return lower == "minio" || lower == "local";
  };
  key.show = [](const Config& config) {
    return config.storage_backend == StorageBackend::kMinio ? "minio" : "local";
  };
  return key;
}

ConfigKey Database(const Text& text) {
  ConfigKey key = MakeKey(text, "URL",
                          "mysql://user:password@host:port/database, sqlite:///relative/path or "
                          "sqlite:////absolute/path, percent-encoded and without options");
  key.secrecy = Secrecy::kCredentials;
  key.assign = [](Config& config, const std::string& value) {
    std::optional<DatabaseUrl> url = ParseDatabaseUrl(value);
    if (url) config.database = std::move(*url);
    return url.has_value();
  };
  key.show = [](const Config& config) { return config.database.Masked(); };
  return key;
}

ConfigKey Level(const Text& text) {
  static constexpr std::array<std::pair<std::string_view, LogLevel>, 4> kLevels = {
      {{"debug", LogLevel::kDebug},
       {"info", LogLevel::kInfo},
       {"warning", LogLevel::kWarning},
       {"error", LogLevel::kError}}};
  ConfigKey key = MakeKey(text, "LEVEL", "debug, info, warning or error");
  key.assign = [](Config& config, const std::string& value) {
    const std::string lower = ToLowerAscii(value);
    for (const auto& [name, level] : kLevels) {
      if (name != lower) continue;
      config.log_level = level;
      return true;
    }
    return false;
  };
  key.show = [](const Config& config) {
    return std::string(kLevels[static_cast<std::size_t>(config.log_level)].first);
  };
  return key;
}

void AddListeners(std::vector<ConfigKey>& keys) {
  keys.push_back(String({"HOST", "0.0.0.0", "Address to listen on"}, &Config::host, "ADDRESS",
                        "an IP address or a host name", false, IsHost));
  keys.push_back(Port({"PORT", "50051", "Port of gRPC"}, &Config::port));
  keys.push_back(Port({"METRICS_PORT", "9100", "Port of /metrics, /health, /livez and /readyz"},
                      &Config::metrics_port));
  keys.push_back(
      Port({"HTTP_PORT", "8080", "Port of the embedded store's signed links"}, &Config::http_port));
  keys.push_back(Derived(PublicUrl({"PUBLIC_URL", "http[s]://localhost:{HTTP_PORT}",
                                    "Where clients reach HTTP_PORT; signed links begin with it"})));
  keys.push_back(Pem({"TLS_CERT", "", "Certificate chain for gRPC and links"}, &Config::tls_cert));
  keys.push_back(SecretText({"TLS_KEY", "", "Private key of TLS_CERT"}, &Config::tls_key, "PEM",
                            "PEM text or the path of a PEM file"));
  keys.push_back(Pem({"TLS_CLIENT_CA", "", "CA that gRPC clients need a certificate from"},
                     &Config::tls_client_ca));
}

void AddStorage(std::vector<ConfigKey>& keys) {
  keys.push_back(Derived(Backend({"STORAGE_BACKEND", "minio when MINIO_ENDPOINT is set, else local",
                                  "Where the bytes of documents live"})));
  keys.push_back(
      Path({"STORAGE_DIR", "./satchel-data", "Local objects, SQLite file and link signing key"},
           &Config::storage_dir, false));
  keys.push_back(String({"MINIO_ENDPOINT", "", "Address of the S3 store"}, &Config::minio_endpoint,
                        "HOST[:PORT]", "host[:port] without http:// (MINIO_SECURE chooses https)",
                        true, IsStoreAddress));
  keys.push_back(WithFallback(
      Derived(SecretText({"MINIO_ACCESS_KEY", "MINIO_ROOT_USER", "Access key of the S3 store"},
                         &Config::minio_access_key, "TEXT", "text")),
      "MINIO_ROOT_USER"));
  keys.push_back(WithFallback(
      Derived(SecretText({"MINIO_SECRET_KEY", "MINIO_ROOT_PASSWORD", "Secret key of the S3 store"},
                         &Config::minio_secret_key, "TEXT", "text")),
      "MINIO_ROOT_PASSWORD"));
  keys.push_back(Boolean({"MINIO_SECURE", "false", "Whether the S3 store speaks https"},
                         &Config::minio_secure));
  keys.push_back(String({"MINIO_REGION", "us-east-1", "Region of the S3 store"},
                        &Config::minio_region, "REGION", "letters, digits, - and _", false,
                        IsRegion));
  keys.push_back(String({"MINIO_BUCKET", "documents", "Bucket of the documents"},
                        &Config::minio_bucket, "BUCKET", "a bucket name: 3 to 63 of a-z 0-9 . -",
                        false, IsBucketName));
  keys.push_back(Pem({"MINIO_CA", "", "CA of the S3 store's certificate"}, &Config::minio_ca));
  keys.push_back(Derived(String({"MINIO_PUBLIC_ENDPOINT", "MINIO_ENDPOINT",
                                 "Address of the S3 store as clients see it, for links"},
                                &Config::minio_public_endpoint, "[URL|HOST[:PORT]]",
                                "[http[s]://]host[:port]", true, IsStoreAddressOrUrl)));
  keys.push_back(Derived(Database(
      {"MICROSERVICE_DATABASE", "SQLite in STORAGE_DIR", "Database of metadata and usage"})));
  keys.push_back(Pem(
      {"MICROSERVICE_DATABASE_CA", "", "CA of the database's certificate; TLS is then required"},
      &Config::database_ca));
}

void AddRules(std::vector<ConfigKey>& keys) {
  keys.push_back(Size({"STORAGE_MAX_FILE_SIZE", "50MB", "Largest document"}, &Config::max_file_size,
                      {1, kFileSizeMax}));
  keys.push_back(
      List({"STORAGE_ALLOWED_MIME_TYPES",
            "application/pdf,application/msword,"
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document,"
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet,text/plain",
            "MIME types that can be uploaded"},
           &Config::allowed_mime_types, "MIME types like application/pdf, separated by commas",
           NormaliseMimeType));
  keys.push_back(List({"STORAGE_ALLOWED_EXTENSIONS", "pdf,doc,docx,txt,xlsx",
                       "File name extensions that can be uploaded"},
                      &Config::allowed_extensions, "extensions like pdf, separated by commas",
                      NormaliseExtension));
  keys.push_back(Size({"DEFAULT_USER_QUOTA", "1GB", "Quota of users without their own"},
                      &Config::default_user_quota, {0, kQuotaMax}));
  keys.push_back(Time({"PRESIGNED_URL_EXPIRY_MINUTES", "30", "Life of a link by default"},
                      &Config::presigned_url_expiry, {kLinkLifeMin.count(), kLinkLifeMax.count()},
                      "MINUTES"));
  keys.push_back(Boolean({"SOFT_DELETE", "false", "Whether deleted documents are kept for a while"},
                         &Config::soft_delete));
  keys.push_back(Time({"SOFT_DELETE_RETENTION_DAYS", "30", "How long, with SOFT_DELETE"},
                      &Config::soft_delete_retention, {0, kDaysMax}, "DAYS"));
  keys.push_back(Derived(Boolean({"MIGRATE_ON_START", "true on SQLite, false on MySQL",
                                  "Whether serve brings an older database schema up to date"},
                                 &Config::migrate_on_start)));
}

void AddOperation(std::vector<ConfigKey>& keys) {
  keys.push_back(Time({"SHUTDOWN_GRACE_SECONDS", "8", "What running streams get at SIGTERM"},
                      &Config::shutdown_grace, {0, 3600}, "SECONDS"));
  keys.push_back(
      Time({"STREAM_IDLE_TIMEOUT_SECONDS", "60", "A stream that stalls this long is cut"},
           &Config::stream_idle_timeout, {1, kDaySeconds}, "SECONDS"));
  keys.push_back(
      Time({"UPLOAD_LEASE_SECONDS", "900", "An upload that shows no life this long is given up"},
           &Config::upload_lease, {1, kDaySeconds}, "SECONDS"));
  keys.push_back(Derived(Integer(
      {"WORKER_THREADS", "8 for each core, 16 to 32", "Threads for work on store and database"},
      &Config::worker_threads, {1, 1024})));
  keys.push_back(Integer({"DATABASE_POOL_SIZE", "16", "Connections to the database"},
                         &Config::database_pool_size, {1, 1024}));
  keys.push_back(Integer({"MAX_CONCURRENT_UPLOADS", "1024", "Uploads at a time; more are refused"},
                         &Config::max_concurrent_uploads, {1, 100000}));
  keys.push_back(Integer({"BREAKER_FAILURES", "5", "Failures in a row that open a circuit breaker"},
                         &Config::breaker_failures, {1, 1000}));
  keys.push_back(Time({"BREAKER_OPEN_SECONDS", "2", "How long a circuit breaker stays open"},
                      &Config::breaker_open, {1, 3600}, "SECONDS"));
  keys.push_back(Level({"LOG_LEVEL", "info", "Least severe level that is logged"}));
  keys.push_back(Path({"LOG_DIR", "", "Folder for daily log files; none: standard output only"},
                      &Config::log_dir, true));
  keys.push_back(Time({"LOG_RETENTION_DAYS", "30", "Older log files in LOG_DIR are removed"},
                      &Config::log_retention, {1, kDaysMax}, "DAYS"));
  keys.push_back(String({"UPSTREAM_GRPC", "", "Address of the AI service that calls are passed to"},
                        &Config::upstream_grpc, "HOST:PORT", "host:port", true, IsHostWithPort));
  keys.push_back(Size({"UPSTREAM_MAX_MESSAGE_SIZE", "4MB", "Largest message that is passed on"},
                      &Config::upstream_max_message_size, {1, kUpstreamMessageBytesMax}));
}

std::vector<ConfigKey> MakeKeys() {
  std::vector<ConfigKey> keys;
  AddListeners(keys);
  AddStorage(keys);
  AddRules(keys);
  AddOperation(keys);
  return keys;
}

}  // namespace

std::string ConfigKey::Flag() const {
  std::string flag = "--" + ToLowerAscii(name);
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

std::span<const ConfigKey> ConfigKeys() {
  static const std::vector<ConfigKey> keys = MakeKeys();
  return keys;
}

const ConfigKey& FindConfigKey(std::string_view name) {
  const std::span<const ConfigKey> keys = ConfigKeys();
  const auto found = std::find_if(keys.begin(), keys.end(),
                                  [&](const ConfigKey& key) { return key.name == name; });
  if (found == keys.end()) std::abort();  // a key that is named in the source but not in the table
  return *found;
}

}  // namespace satchel
