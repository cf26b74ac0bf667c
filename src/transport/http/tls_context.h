/// TLS of the HTTP ports.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "base/status.h"
#include "base/strong_string.h"

namespace satchel {

/// What the server proves its name with, as PEM text.
struct TlsIdentity {
  std::string certificate_chain;
  Secret private_key;
};

/// TLS 1.2 and later, server side. CONFIGURATION_INVALID names TLS_CERT or TLS_KEY.
Result<std::shared_ptr<boost::asio::ssl::context>> MakeTlsContext(const TlsIdentity& identity);

}  // namespace satchel
