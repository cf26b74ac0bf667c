#include "app/config_tls.h"

#include <utility>

#include "app/config_values.h"
#include "app/env_file.h"

namespace satchel {
namespace {

constexpr std::size_t kPemBytesMax = 1024 * 1024;
constexpr std::string_view kPemBegin = "-----BEGIN ";

/// `value` is PEM text or the path of a file, which messages call `name`.
Result<std::string> ReadPemNamed(std::string_view key, const std::string& value,
                                 const std::string& name) {
  const bool is_text = IsPemText(value);
  Result<std::string> text =
      is_text ? Result<std::string>(value) : ReadTextFile(value, kPemBytesMax, name);
  if (!text.ok()) return text.status().WithContext(key);
  if (text->find(kPemBegin) == std::string::npos) {
    return ConfigurationError(std::string(key) + ": " + (is_text ? "the value" : name) +
                              " holds no PEM text (-----BEGIN)");
  }
  return text;
}

}  // namespace

Result<std::string> ReadPem(std::string_view key, const std::string& value) {
  return ReadPemNamed(key, value, value);
}

Result<TlsMaterial> ReadTlsMaterial(const Config& config) {
  TlsMaterial material;
  SATCHEL_ASSIGN_OR_RETURN(material.certificate_pem,
                           ReadPemNamed("TLS_CERT", config.tls_cert, config.tls_cert));
  SATCHEL_ASSIGN_OR_RETURN(
      std::string key, ReadPemNamed("TLS_KEY", config.tls_key.Reveal(), "the file that it names"));
  material.key_pem = Secret(std::move(key));
  if (!config.tls_client_ca.empty()) {
    SATCHEL_ASSIGN_OR_RETURN(
        material.client_ca_pem,
        ReadPemNamed("TLS_CLIENT_CA", config.tls_client_ca, config.tls_client_ca));
  }
  return material;
}

}  // namespace satchel
