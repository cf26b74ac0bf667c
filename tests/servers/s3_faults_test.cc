// A store that is slow, silent, gone or in disagreement with us: real servers behind a gate.

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
#include "servers/slow_lookups.h"
#include "support/manual_clock.h"
#include "support/tcp_gate.h"

namespace satchel {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

class S3Faults : public testing::Test {
 protected:
  S3Faults() : server_(S3Server::Shared(S3Server::Kind::kMinio)), gate_(server_.port()) {
    options_ = server_.Options();
    direct_ = std::make_unique<S3Rig>(options_);
    EXPECT_TRUE(direct_->SetUp().ok());
    options_.endpoint.host = "127.0.0.1:" + std::to_string(gate_.port());
    options_.time_limits = {.connect = 300ms, .first_byte = 300ms, .stall = 300ms};
    rig_ = std::make_unique<S3Rig>(options_);
  }

  void ExpectUnavailable(const Status& status) {
    EXPECT_TRUE(status.Is(Reason::kObjectStoreUnavailable)) << status.ToString();
    EXPECT_TRUE(status.retry_after().has_value());
  }

  S3Server& server_;
  TcpGate gate_;
  S3StoreOptions options_;
  std::unique_ptr<S3Rig> direct_;  ///< past the gate
  std::unique_ptr<S3Rig> rig_;     ///< through it
  const std::string content_ = Pattern(1'000'000);
};

TEST_F(S3Faults, OneConnectionServesManyRequests) {
  for (int i = 0; i < 20; ++i) {
    const ObjectRef object = rig_->Put(i % 2 == 0 ? content_ : "small").value();
    ASSERT_TRUE(rig_->Get(object).ok());
    ASSERT_TRUE(rig_->store.Remove(rig_->call, object).ok());
  }
  EXPECT_EQ(gate_.connections(), 1);
}

TEST_F(S3Faults, AConnectionThatTheStoreClosedMeanwhileIsReplaced) {
  const ObjectRef object = rig_->Put("small").value();
  gate_.ResetAll();
  EXPECT_EQ(rig_->Get(object).value(), "small");
  gate_.ResetAll();
  EXPECT_TRUE(rig_->store.Remove(rig_->call, object).ok());
}

TEST_F(S3Faults, AResetInTheMiddleOfAnUploadPublishesNothing) {
  gate_.SetResetAfter(300'000);
  // More than the sockets on the way hold.
  ExpectUnavailable(rig_->Put(Pattern(20'000'000)).status());
  EXPECT_EQ(direct_->CountVersions(), 0U);
  gate_.SetResetAfter(-1);
  EXPECT_TRUE(rig_->Put(content_).ok()) << "recovers by itself";
}

TEST_F(S3Faults, AResetInTheMiddleOfADownloadIsNoEnd) {
  const std::string large = Pattern(8'000'000);
  const ObjectRef object = direct_->Put(large).value();
  const auto reader = rig_->store.Open(rig_->call, object, 0);
  ASSERT_TRUE(reader.ok()) << reader.status().ToString();
  std::vector<std::byte> block(100'000);
  ASSERT_TRUE((*reader)->Read(rig_->call, block).ok());
  gate_.ResetAll();
  Result<std::size_t> read = block.size();
  std::size_t total = block.size();
  while (read.ok() && *read > 0 && total < large.size()) {
    read = (*reader)->Read(rig_->call, block);
    if (read.ok()) total += *read;
  }
  ExpectUnavailable(read.status());
}

TEST_F(S3Faults, AStoreThatTakesNoBytesIsGivenUpAfterTheStallTime) {
  auto writer = rig_->store.Create(rig_->call, rig_->SpecOf(content_));
  ASSERT_TRUE((*writer)->Append(rig_->call, BytesOf(content_).first(200'000)).ok());
  gate_.SetBlackhole(true);
  const auto begin = steady_clock::now();
  // What the sockets on the way hold is taken first.
  Status appended = (*writer)->Append(rig_->call, BytesOf(content_).subspan(200'000));
  if (appended.ok()) appended = (*writer)->Commit(rig_->call, HashOf(content_)).status();
  EXPECT_TRUE(appended.Is(Reason::kObjectStoreUnavailable) || appended.Is(Reason::kOutcomeUnknown))
      << appended.ToString();
  EXPECT_LT(steady_clock::now() - begin, 10s);
  writer->reset();
  gate_.SetBlackhole(false);
  gate_.ResetAll();
  EXPECT_EQ(direct_->CountVersions(), 0U);
}

// Name and quota are given back after it: nothing may stand in the way of that.
TEST_F(S3Faults, GivingUpALargeUploadDoesNotWaitForTheStore) {
  options_.single_put_bytes_max = 1000;
  options_.time_limits = {.connect = 60s, .first_byte = 60s, .stall = 60s};
  S3Rig patient(options_);
  const ObjectSpec spec = patient.SpecOf(content_);
  auto writer = patient.store.Create(patient.call, spec);
  ASSERT_TRUE(writer.ok()) << writer.status().ToString();
  ASSERT_TRUE((*writer)->Append(patient.call, BytesOf(content_).first(500'000)).ok());
  const UploadId upload = (*writer)->upload();
  gate_.SetBlackhole(true);
  const int connections = gate_.connections();
  const auto begin = steady_clock::now();
  writer->reset();
  EXPECT_LT(steady_clock::now() - begin, 500ms);
  EXPECT_EQ(gate_.connections(), connections) << "and does not ask it";
  EXPECT_EQ(direct_->CountUploads(), 1U);
  EXPECT_TRUE(direct_->store.RemoveAttempt(direct_->call, spec.key, spec.attempt, upload).ok());
  EXPECT_EQ(direct_->CountUploads(), 0U);
}

TEST_F(S3Faults, ANameThatIsLookedUpForTooLongIsGivenUpAfterTheConnectTime) {
  options_.endpoint.host = std::string(kSlowName) + ":" + std::to_string(gate_.port());
  S3Rig slow(options_);
  SlowLookups::Hold(true);
  const auto begin = steady_clock::now();
  ExpectUnavailable(slow.store.Probe(slow.call));
  EXPECT_LT(steady_clock::now() - begin, 5s);
  const CallContext late("late", steady_clock::now() + 100ms);
  EXPECT_TRUE(slow.store.Now(late).status().Is(Reason::kDeadlineExceeded));
  EXPECT_LT(steady_clock::now() - begin, 5s);
  SlowLookups::Hold(false);
  const Status reached = slow.store.Probe(slow.call);
  EXPECT_TRUE(reached.ok()) << reached.ToString();
}

TEST_F(S3Faults, AStoreThatDoesNotAnswerIsAskedFourTimes) {
  const ObjectRef object = direct_->Put("small").value();
  gate_.SetHoldAnswers(true);
  const auto begin = steady_clock::now();
  ExpectUnavailable(rig_->Get(object).status());
  EXPECT_GE(steady_clock::now() - begin, 1200ms);
  EXPECT_EQ(rig_->pauses.waited, (std::vector{75ms, 300ms, 1200ms})) << "with a chance of 0.5";
  EXPECT_EQ(gate_.connections(), 4);
}

TEST_F(S3Faults, AStoreThatIsBackAtTheSecondTryIsNoFault) {
  const ObjectRef object = direct_->Put("small").value();
  gate_.SetRefuse(true);
  rig_->pauses.on_wait = [&] { gate_.SetRefuse(false); };
  EXPECT_EQ(rig_->Get(object).value(), "small");
  EXPECT_EQ(rig_->pauses.waited.size(), 1U);
}

TEST_F(S3Faults, AnUploadWhoseConnectionIsRefusedBeginsAnew) {
  for (const std::string& content : {std::string("small"), content_}) {
    gate_.SetRefuse(true);
    gate_.ResetAll();
    rig_->pauses.waited.clear();
    rig_->pauses.on_wait = [&] { gate_.SetRefuse(false); };
    const Result<ObjectRef> object = rig_->Put(content);
    ASSERT_TRUE(object.ok()) << object.status().ToString();
    EXPECT_TRUE(direct_->Get(*object).value() == content);
    EXPECT_EQ(rig_->pauses.waited.size(), 1U);
  }
  EXPECT_EQ(direct_->CountVersions(), 2U) << "none was stored twice";
}

TEST_F(S3Faults, AnUploadWhoseAnswerWasLostIsNeverSentAgain) {
  for (const std::string& content : {std::string("small"), content_}) {
    auto writer = rig_->store.Create(rig_->call, rig_->SpecOf(content));
    ASSERT_TRUE((*writer)->Append(rig_->call, BytesOf(content)).ok());
    gate_.SetHoldAnswers(true);
    // Nobody can be asked what became of it.
    rig_->pauses.on_wait = [&] { gate_.SetRefuse(true); };
    const auto committed = (*writer)->Commit(rig_->call, HashOf(content));
    EXPECT_TRUE(committed.status().Is(Reason::kOutcomeUnknown)) << committed.status().ToString();
    gate_.SetHoldAnswers(false);
    gate_.SetRefuse(false);
    gate_.ResetAll();
  }
  // The store may not be done with one of which the connection was cut.
  EXPECT_LE(direct_->CountVersions(), 2U);
}

// A connection that was used before and breaks without an answer is where HTTP clients repeat.
TEST_F(S3Faults, AnUploadOnAUsedConnectionIsNotRepeatedBehindOurBack) {
  for (const std::string& content : {std::string("small"), content_}) {
    ASSERT_TRUE(rig_->store.Probe(rig_->call).ok());
    const std::size_t before = direct_->CountVersions();
    auto writer = rig_->store.Create(rig_->call, rig_->SpecOf(content));
    ASSERT_TRUE((*writer)->Append(rig_->call, BytesOf(content)).ok());
    gate_.SetDropAnswers(true);
    const auto committed = (*writer)->Commit(rig_->call, HashOf(content));
    EXPECT_TRUE(committed.status().Is(Reason::kOutcomeUnknown)) << committed.status().ToString();
    gate_.SetDropAnswers(false);
    EXPECT_EQ(direct_->CountVersions(), before + 1);
  }
}

TEST_F(S3Faults, AnUploadWhoseAnswerWasLostIsRecognisedWhereItCanBe) {
  auto writer = rig_->store.Create(rig_->call, rig_->SpecOf("small"));
  ASSERT_TRUE((*writer)->Append(rig_->call, BytesOf("small")).ok());
  gate_.SetHoldAnswers(true);
  rig_->pauses.on_wait = [&] { gate_.SetHoldAnswers(false); };
  const auto committed = (*writer)->Commit(rig_->call, HashOf("small"));
  ASSERT_TRUE(committed.ok()) << committed.status().ToString();
  EXPECT_EQ(direct_->Get({S3Rig::kKey, *committed}).value(), "small");
  EXPECT_EQ(direct_->CountVersions(), 1U);
}

TEST_F(S3Faults, ACallThatEndsIsLeftAtOnce) {
  const ObjectRef object = direct_->Put("small").value();
  options_.time_limits = {.connect = 60s, .first_byte = 60s, .stall = 60s};
  S3Rig patient(options_);
  gate_.SetBlackhole(true);
  const auto begin = steady_clock::now();
  const CallContext late("late", begin + 300ms);
  EXPECT_TRUE(patient.store.Open(late, object, 0).status().Is(Reason::kDeadlineExceeded));
  CallContext gone("gone");
  std::thread caller([&] {
    SystemPauses pauses;
    (void)pauses.Wait(CallContext("timer"), 100ms);
    gone.Cancel();
  });
  EXPECT_TRUE(patient.store.Remove(gone, object).Is(Reason::kCancelled));
  caller.join();
  EXPECT_LT(steady_clock::now() - begin, 5s);
}

TEST_F(S3Faults, ConnectionsAreBoundedAndNeverWaitedFor) {
  options_.connections_max = 2;
  options_.time_limits = {.connect = 60s, .first_byte = 60s, .stall = 60s};
  S3Rig few(options_);
  std::vector<std::unique_ptr<ObjectWriter>> writers;
  for (int i = 0; i < 2; ++i) {
    writers.push_back(few.store.Create(few.call, few.SpecOf(content_)).value());
    ASSERT_TRUE(writers.back()->Append(few.call, BytesOf(content_).first(500'000)).ok());
  }
  const Status refused = few.store.Probe(few.call);
  EXPECT_TRUE(refused.Is(Reason::kServerBusy)) << "not the store's fault: " << refused.ToString();
  EXPECT_TRUE(refused.retry_after().has_value());
  writers.pop_back();
  EXPECT_TRUE(few.store.Probe(few.call).ok());
}

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

TEST_F(S3Refusals, AStoreThatIsNoS3) {
  S3StoreOptions options = Options();
  const S3Server& server = S3Server::Shared(S3Server::Kind::kMinio);
  options.endpoint = {true, "127.0.0.1:" + std::to_string(server.port())};
  S3Rig rig(options);
  EXPECT_TRUE(rig.SetUp().Is(Reason::kObjectStoreUnavailable)) << "TLS to a port without it";
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
