#include <gmock/gmock.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <boost/asio/read.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include "transport/http/http_server.h"
#include "unit/http/http_fixture.h"
#include "unit/http/memory_object.h"

namespace satchel::testing {
namespace {

namespace ssl = boost::asio::ssl;
using boost::asio::ip::tcp;
using ::testing::HasSubstr;

template <typename Write>
std::string ToPem(Write write) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> memory(BIO_new(BIO_s_mem()), BIO_free);
  EXPECT_EQ(write(memory.get()), 1);
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

/// A self-signed certificate of localhost.
TlsIdentity MakeIdentity() {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), X509_free);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  EXPECT_GT(X509_sign(certificate.get(), key.get(), EVP_sha256()), 0);
  return {ToPem([&](BIO* out) { return PEM_write_bio_X509(out, certificate.get()); }),
          Secret(ToPem([&](BIO* out) {
            return PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
          }))};
}

class HttpServerTlsTest : public HttpServerTest {
 protected:
  void SetUp() override {
    options_.tls = MakeIdentity();
    handler_ = std::make_unique<FunctionHandler>([this](const HttpRequest&) { return Answer(); });
    Start(*handler_);
  }

  boost::asio::awaitable<HttpResponse> Answer() {
    HttpResponse response(200);
    response.SetObject({std::make_unique<MemoryReader>(content_, 0, true), 0,
                        static_cast<std::int64_t>(content_.size())});
    co_return response;
  }

  /// All that the server sends; sets `error` when the handshake or the request fails.
  std::string Fetch(int version_max, boost::system::error_code& error) {
    boost::asio::io_context io;
    ssl::context context(ssl::context::tls_client);
    context.add_certificate_authority(boost::asio::buffer(options_.tls->certificate_chain));
    context.set_verify_mode(ssl::verify_peer);
    SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context.native_handle(), version_max);
    SSL_CTX_set_security_level(context.native_handle(), 0);
    ssl::stream<tcp::socket> stream(io, context);
    stream.next_layer().connect({boost::asio::ip::address_v4::loopback(), port()});
    std::string received;
    stream.handshake(ssl::stream_base::client, error);
    if (error) return received;
    const std::string request = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    boost::asio::write(stream, boost::asio::buffer(request), error);
    if (error) return received;
    boost::asio::read(stream, boost::asio::dynamic_buffer(received), error);
    return received;
  }

  const std::string content_ = Pattern(5'000'000);
  std::unique_ptr<FunctionHandler> handler_;
};

TEST_F(HttpServerTlsTest, SendsWholeObjectsAndSaysGoodbye) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    boost::system::error_code error;
    const std::string received = Fetch(version, error);
    EXPECT_EQ(error, boost::asio::error::eof) << "a close_notify, not a cut: " << error.message();
    EXPECT_TRUE(received.ends_with(content_));
  }
}

TEST_F(HttpServerTlsTest, RefusesOldVersions) {
  boost::system::error_code error;
  EXPECT_EQ(Fetch(TLS1_1_VERSION, error), "");
  EXPECT_TRUE(error);
}

TEST_F(HttpServerTlsTest, PlainHttpIsNotAnswered) {
  HttpClient client(port());
  client.Request("/");
  bool closed = false;
  EXPECT_THAT(client.ReceiveAll(&closed), ::testing::Not(HasSubstr("HTTP/1.1")));
  EXPECT_TRUE(closed);
}

TEST_F(HttpServerTlsTest, AHandshakeThatNeverEndsDoesNotHinderStopping) {
  HttpClient silent(port());
  server_->Stop(std::chrono::milliseconds(100));
  bool closed = false;
  EXPECT_EQ(silent.ReceiveAll(&closed), "");
  EXPECT_TRUE(closed);
}

TEST_F(HttpServerTlsTest, SaysWhichFileIsWrong) {
  const TlsIdentity good = MakeIdentity();
  const auto message = [&](const TlsIdentity& identity) {
    HttpServerOptions options = options_;
    options.tls = identity;
    const auto made =
        HttpServer::Make(io_, workers_.get_executor(), *handler_, log_, std::move(options));
    EXPECT_TRUE(made.status().Is(Reason::kConfigurationInvalid));
    return made.status().message();
  };
  EXPECT_THAT(message({"nonsense", good.private_key}), HasSubstr("TLS_CERT"));
  EXPECT_THAT(message({"", good.private_key}), HasSubstr("TLS_CERT"));
  EXPECT_THAT(message({good.certificate_chain, Secret("nonsense")}), HasSubstr("TLS_KEY"));
  EXPECT_THAT(message({good.certificate_chain, MakeIdentity().private_key}),
              HasSubstr("TLS_KEY does not belong"));
}

}  // namespace
}  // namespace satchel::testing
