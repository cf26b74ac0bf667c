#include "transport/http/tls_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509err.h>

#include <boost/asio/buffer.hpp>

namespace satchel {

Result<std::shared_ptr<boost::asio::ssl::context>> MakeTlsContext(const TlsIdentity& identity) {
  namespace ssl = boost::asio::ssl;
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  if (SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION) != 1) {
    return InternalError("OpenSSL refused TLS 1.2 as the least version");
  }
  boost::system::error_code error;
  context->use_certificate_chain(boost::asio::buffer(identity.certificate_chain), error);
  if (error) {
    return ConfigurationError("TLS_CERT holds no certificate chain as PEM: " + error.message());
  }
  context->use_private_key(boost::asio::buffer(identity.private_key.Reveal()), ssl::context::pem,
                           error);
  const auto code = static_cast<unsigned long>(error.value());
  if (ERR_GET_LIB(code) == ERR_LIB_X509 && ERR_GET_REASON(code) == X509_R_KEY_VALUES_MISMATCH) {
    return ConfigurationError("TLS_KEY does not belong to the certificate in TLS_CERT");
  }
  if (error) {
    return ConfigurationError("TLS_KEY holds no private key as PEM: " + error.message());
  }
  return context;
}

}  // namespace satchel
