// What keeps a store from being used, and what the operator is told about it: real servers.

#include <gtest/gtest.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <thread>

#include "servers/s3_rig.h"
#include "support/manual_clock.h"

namespace satchel {
namespace {

/// The store answers, but refuses: said at the start as what the operator has to do, and at a call
/// as a failure that is not the caller's.
class S3Refusals : public testing::Test {
 protected:
  static S3StoreOptions Options() { return S3Server::Shared(S3Server::Kind::kMinio).Options(); }
  static void ExpectRefused(const S3StoreOptions& options, const std::string& advice) {
    S3Rig rig(options);
    const Status start = rig.SetUp();
    EXPECT_TRUE(start.Is(Reason::kConfigurationInvalid)) << start.ToString();
    EXPECT_NE(start.message().find(advice), std::string::npos) << start.ToString();
    const Status call = rig.Get({S3Rig::kKey, ObjectVersion("v")}).status();
    EXPECT_TRUE(call.Is(Reason::kObjectStoreUnavailable)) << call.ToString();
    EXPECT_NE(call.cause().find(advice), std::string::npos) << call.ToString();
    const Status large = rig.Put(Pattern(1'000'000)).status();
    EXPECT_NE(large.cause().find(advice), std::string::npos) << large.ToString();
    const Status small = rig.Put("small").status();
    EXPECT_NE(small.cause().find(advice), std::string::npos) << small.ToString();
    EXPECT_TRUE(rig.pauses.waited.empty()) << "asking again helps nothing";
    for (const Status& status : {start, call, large, small}) {
      EXPECT_EQ(status.ToString().find(options.credentials.secret_key.Reveal()), std::string::npos);
    }
  }
};

TEST_F(S3Refusals, AWrongSecretKey) {
  S3StoreOptions options = Options();
  options.credentials.secret_key = Secret("wrong");
  ExpectRefused(options, "MINIO_SECRET_KEY");
}

TEST_F(S3Refusals, AnUnknownAccessKey) {
  S3StoreOptions options = Options();
  options.credentials.access_key = Secret("nobody");
  ExpectRefused(options, "MINIO_ACCESS_KEY");
}

TEST_F(S3Refusals, AWrongRegion) {
  S3StoreOptions options = Options();
  options.region = "eu-central-1";
  ExpectRefused(options, "MINIO_REGION");
}

TEST_F(S3Refusals, ClocksThatDiffer) {
  const S3StoreOptions options = Options();
  ASSERT_TRUE(S3Rig(options).SetUp().ok());
  ManualClock clock;
  S3Rig rig(options, clock);
  const Status start = rig.SetUp();
  EXPECT_TRUE(start.Is(Reason::kConfigurationInvalid)) << start.ToString();
  for (const Status& status : {start, rig.Get({S3Rig::kKey, ObjectVersion("v")}).status(),
                               rig.Put("small").status(), rig.store.Probe(rig.call)}) {
    EXPECT_NE(status.ToString().find("NTP"), std::string::npos) << status.ToString();
  }
}

TEST_F(S3Refusals, AMissingBucket) {
  S3Rig rig(Options());
  const Status call = rig.Get({S3Rig::kKey, ObjectVersion("v")}).status();
  EXPECT_TRUE(call.Is(Reason::kObjectStoreUnavailable)) << "not absent: " << call.ToString();
  EXPECT_NE(call.cause().find("MINIO_BUCKET"), std::string::npos) << call.ToString();
  EXPECT_FALSE(rig.store.Remove(rig.call, {S3Rig::kKey, ObjectVersion("v")}).ok());
  EXPECT_FALSE(rig.store.ReadStoreId(rig.call).ok());
  EXPECT_FALSE(rig.store.ListVersions(rig.call, "").ok());
  EXPECT_FALSE(rig.store.Probe(rig.call).ok());
}

TEST_F(S3Refusals, ABucketNameThatIsNone) {
  S3StoreOptions options = Options();
  options.bucket = "No_Bucket";
  ExpectRefused(options, "MINIO_BUCKET");
}

TEST_F(S3Refusals, AStoreThatSpeaksNoTls) {
  S3StoreOptions options = Options();
  options.endpoint.secure = true;
  ExpectRefused(options, "set MINIO_SECURE=false");
}

TEST(S3Versioning, AStoreThatKeepsNoVersionsIsRefused) {
  S3Server server(S3Server::Kind::kVersitygwWithoutVersions);
  S3Rig rig(server.Options());
  const Status start = rig.SetUp();
  EXPECT_TRUE(start.Is(Reason::kConfigurationInvalid)) << start.ToString();
  EXPECT_NE(start.message().find("versions"), std::string::npos) << start.ToString();
}

TEST(S3Versioning, ABucketBesideThatCannotBeMadeIsAWarning) {
  S3Server server(S3Server::Kind::kVersitygw);
  std::filesystem::create_symlink("/nonexistent/folder", server.folder().path() / "data" / "temp");
  S3Rig rig(server.Options());
  const Status start = rig.SetUp();
  EXPECT_TRUE(start.ok()) << start.ToString();
  ASSERT_EQ(rig.log.events().size(), 1U);
  EXPECT_EQ(rig.log.events()[0].level, LogLevel::kWarning);
  EXPECT_TRUE(rig.SetUp().ok()) << "again is fine";
}

TEST(S3Versioning, VersioningThatIsSwitchedOffMeanwhileIsNoticed) {
  S3Server& server = S3Server::Shared(S3Server::Kind::kMinio);
  S3Rig rig(server.Options());
  ASSERT_TRUE(rig.SetUp().ok());
  S3Request suspend = EnableVersioningRequest(rig.store.client().bucket());
  suspend.body.replace(suspend.body.find("Enabled"), 7, "Suspended");
  ASSERT_TRUE(rig.store.client().Send(rig.call, suspend).value().ok());
  EXPECT_FALSE(rig.store.Probe(rig.call).ok());
  const Status put = rig.Put("content").status();
  EXPECT_TRUE(put.Is(Reason::kObjectStoreUnavailable)) << put.ToString();
}

class S3Tls : public testing::Test {
 protected:
  /// A server whose certificate is its own authority and stands for `name`.
  std::unique_ptr<S3Server> Serve(const std::string& name) {
    MakeCertificate(folder_, "/CN=store", name);
    return std::make_unique<S3Server>(S3Server::Kind::kMinio, folder_.path().string());
  }
  std::string Certificate() const { return CertificateIn(folder_); }

  static void MakeCertificate(const TemporaryFolder& folder, const std::string& subject,
                              const std::string& name) {
    ChildProcess openssl(
        {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-subj", subject, "-addext", "subjectAltName=" + name, "-keyout",
         folder.File("private.key"), "-out", folder.File("public.crt")},
        folder.File("openssl.log"));
    EXPECT_EQ(openssl.Wait(), 0) << std::ifstream(folder.File("openssl.log")).rdbuf();
  }
  static std::string CertificateIn(const TemporaryFolder& folder) {
    std::ifstream stream(folder.File("public.crt"));
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  const TemporaryFolder folder_;
};

TEST_F(S3Tls, OnlyTheAuthorityThatWasNamedIsTrusted) {
  const auto server = Serve("IP:127.0.0.1");
  S3StoreOptions options = server->Options();
  options.ca_pem = Certificate();
  S3Rig trusted(options);
  const Status ready = trusted.SetUp();
  ASSERT_TRUE(ready.ok()) << ready.ToString();
  const std::string content = Pattern(1'000'000);
  EXPECT_TRUE(trusted.Get(trusted.Put(content).value()).value() == content);

  options.ca_pem.clear();
  S3Rig strange(options);
  const Status refused = strange.SetUp();
  EXPECT_TRUE(refused.Is(Reason::kConfigurationInvalid)) << refused.ToString();
  EXPECT_NE(refused.message().find("MINIO_CA"), std::string::npos) << refused.ToString();
  EXPECT_TRUE(strange.Put("small").status().Is(Reason::kObjectStoreUnavailable));
}

// The folder of authorities that libcurl is built with, in a mount namespace of this thread's own.
TEST_F(S3Tls, TheSystemsAuthoritiesAreNotTrustedBesideTheNamedOne) {
  const auto server = Serve("IP:127.0.0.1");
  const TemporaryFolder system;
  const TemporaryFolder elsewhere;
  MakeCertificate(elsewhere, "/CN=another", "DNS:another.example");
  std::ofstream(system.File("ca-certificates.crt")) << CertificateIn(elsewhere);
  ChildProcess rehash({"/bin/sh", "-c",
                       "cp " + folder_.File("public.crt") + " " + system.File("store.crt") +
                           " && openssl rehash " + system.path().string()},
                      system.File("log"));
  ASSERT_EQ(rehash.Wait(), 0) << std::ifstream(system.File("log")).rdbuf();
  Status by_the_system;
  Status by_the_named;
  std::thread apart([&] {
    ASSERT_EQ(unshare(CLONE_NEWNS), 0) << strerror(errno) << ": needs root";
    ASSERT_EQ(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0) << strerror(errno);
    ASSERT_EQ(mount(system.path().c_str(), "/etc/ssl/certs", nullptr, MS_BIND, nullptr), 0)
        << strerror(errno);
    S3StoreOptions options = server->Options();
    by_the_system = S3Rig(options).SetUp();
    options.ca_pem = CertificateIn(elsewhere);
    by_the_named = S3Rig(options).SetUp();
  });
  apart.join();
  EXPECT_TRUE(by_the_system.ok()) << by_the_system.ToString();
  EXPECT_TRUE(by_the_named.Is(Reason::kConfigurationInvalid)) << by_the_named.ToString();
}

TEST_F(S3Tls, AStoreThatSpeaksNothingElseIsToldAtTheStart) {
  const auto server = Serve("IP:127.0.0.1");
  S3StoreOptions options = server->Options();
  options.endpoint.secure = false;
  for (const std::string& ca_pem : {Certificate(), std::string()}) {
    options.ca_pem = ca_pem;
    const Status refused = S3Rig(options).SetUp();
    EXPECT_TRUE(refused.Is(Reason::kConfigurationInvalid)) << refused.ToString();
    EXPECT_NE(refused.message().find("set MINIO_SECURE=true"), std::string::npos)
        << refused.ToString();
  }
}

TEST_F(S3Tls, TheHostNameMustStandInTheCertificate) {
  const auto server = Serve("DNS:elsewhere.example");
  S3StoreOptions options = server->Options();
  options.ca_pem = Certificate();
  S3Rig rig(options);
  const Status refused = rig.SetUp();
  EXPECT_TRUE(refused.Is(Reason::kConfigurationInvalid)) << refused.ToString();
}

}  // namespace
}  // namespace satchel
