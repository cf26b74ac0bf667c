#include "app/config_tls.h"

#include <utility>

#include "app/env_file.h"
#include "base/text.h"

namespace satchel {
namespace {

constexpr std::size_t kPemBytesMax = 1024 * 1024;
constexpr std::string_view kPemBegin = "-----BEGIN ";

}  // namespace

Result<std::string> ReadPem(std::string_view key, const std::string& value) {
  if (TrimAscii(value).starts_with(kPemBegin)) return value;
  Result<std::string> text = ReadTextFile(value, kPemBytesMax);
  if (!text.ok()) return text.status().WithContext(key);
  if (text->find(kPemBegin) == std::string::npos) {
    return ConfigurationError(std::string(key) + ": " + value + " holds no PEM text (-----BEGIN)");
  }
  return text;
}

Result<TlsMaterial> ReadTlsMaterial(const Config& config) {
  TlsMaterial material;
  SATCHEL_ASSIGN_OR_RETURN(material.certificate_pem, ReadPem("TLS_CERT", config.tls_cert));
  SATCHEL_ASSIGN_OR_RETURN(std::string key, ReadPem("TLS_KEY", config.tls_key.Reveal()));
  material.key_pem = Secret(std::move(key));
  if (!config.tls_client_ca.empty()) {
    SATCHEL_ASSIGN_OR_RETURN(material.client_ca_pem,
                             ReadPem("TLS_CLIENT_CA", config.tls_client_ca));
  }
  return material;
}

}  // namespace satchel
