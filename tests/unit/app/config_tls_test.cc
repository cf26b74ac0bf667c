#include "app/config_tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temporary_folder.h"

namespace satchel {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kCertificate = "subject=x\n-----BEGIN CERTIFICATE-----\nabc\n";
constexpr std::string_view kKey = "-----BEGIN PRIVATE KEY-----\ns3cr3t\n";

TEST(ReadTlsMaterial, FromFiles) {
  const TemporaryFolder folder;
  Config config;
  config.tls_cert = folder.Write("cert.pem", kCertificate);
  config.tls_key = Secret(folder.Write("key.pem", kKey));
  Result<TlsMaterial> material = ReadTlsMaterial(config);
  ASSERT_TRUE(material.ok()) << material.status().ToString();
  EXPECT_EQ(material->certificate_pem, kCertificate);
  EXPECT_EQ(material->key_pem.Reveal(), kKey);
  EXPECT_EQ(material->client_ca_pem, "");
  config.tls_client_ca = config.tls_cert;
  EXPECT_EQ(ReadTlsMaterial(config)->client_ca_pem, kCertificate);
}

TEST(ReadTlsMaterial, FromTexts) {
  Config config;
  config.tls_cert = "-----BEGIN CERTIFICATE-----\nabc\n";
  config.tls_key = Secret(std::string(kKey));
  const Result<TlsMaterial> material = ReadTlsMaterial(config);
  ASSERT_TRUE(material.ok()) << material.status().ToString();
  EXPECT_EQ(material->certificate_pem, config.tls_cert);
  EXPECT_EQ(material->key_pem.Reveal(), kKey);
}

TEST(ReadTlsMaterial, ATextMayBeginWithAPreamble) {
  Config config;
  config.tls_cert = kCertificate;
  config.tls_key = Secret("Bag Attributes\n  friendlyName: x\n" + std::string(kKey));
  const Result<TlsMaterial> material = ReadTlsMaterial(config);
  ASSERT_TRUE(material.ok()) << material.status().ToString();
  EXPECT_EQ(material->certificate_pem, kCertificate);
  EXPECT_EQ(material->key_pem.Reveal(), config.tls_key.Reveal());
}

TEST(ReadTlsMaterial, NeverShowsTheValueOfTheKey) {
  Config config;
  config.tls_cert = kCertificate;
  for (const char* value : {"MIIEs3cr3t", "MIIEs3cr3t\n==", "/s3cr3t/no/such.pem"}) {
    config.tls_key = Secret(value);
    const Status status = ReadTlsMaterial(config).status();
    EXPECT_TRUE(status.Is(Reason::kConfigurationInvalid)) << value;
    EXPECT_THAT(status.ToString(), AllOf(HasSubstr("TLS_KEY"), Not(HasSubstr("s3cr3t"))));
  }
}

TEST(ReadTlsMaterial, NamesTheKeyAndTheFile) {
  const TemporaryFolder folder;
  Config config;
  config.tls_cert = "/no/such.pem";
  EXPECT_THAT(ReadTlsMaterial(config).status().message(),
              AllOf(HasSubstr("TLS_CERT"), HasSubstr("/no/such.pem")));
  config.tls_cert = folder.Write("cert.pem", kCertificate);
  config.tls_key = Secret(folder.Write("key.der", "s3cr3t"));
  const Status status = ReadTlsMaterial(config).status();
  EXPECT_TRUE(status.Is(Reason::kConfigurationInvalid));
  EXPECT_THAT(status.message(),
              AllOf(HasSubstr("TLS_KEY"), HasSubstr("no PEM"), Not(HasSubstr("s3cr3t"))));
}

}  // namespace
}  // namespace satchel
