/// The TLS_* keys as PEM texts.
#pragma once

#include <string>
#include <string_view>

#include "app/config.h"
#include "base/status.h"
#include "base/strong_string.h"

namespace satchel {

struct TlsMaterial {
  std::string certificate_pem;  ///< the chain, leaf first
  Secret key_pem;
  std::string client_ca_pem;  ///< empty: no client certificates are asked for
};

/// Reads the files that TLS_CERT, TLS_KEY and TLS_CLIENT_CA name; texts that are PEM already stay.
/// CONFIGURATION_INVALID, naming the key: a file is missing or unreadable, or holds no PEM. What
/// TLS_KEY holds is never shown, not even as a path: it may be a key that was pasted wrongly.
/// Precondition: TLS_CERT is set.
Result<TlsMaterial> ReadTlsMaterial(const Config& config);

/// PEM text: `value` itself, or what the file holds that it names. CONFIGURATION_INVALID, naming
/// `key`: the file is missing or unreadable, or there is no PEM in it.
Result<std::string> ReadPem(std::string_view key, const std::string& value);

}  // namespace satchel
