// TLS is required once there is an authority, and answers only for the host that was asked for.

#include <fstream>
#include <iterator>

#include "unit/sql/mysql_fixture.h"

namespace satchel {
namespace {

/// An authority, and a server's certificate by it, made by openssl.
class Certificates {
 public:
  Certificates() {
    for (const char* name : {"ca", "other"}) {
      Run({"req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
           std::string("/CN=the authority ") + name, "-keyout", File(name, "key"), "-out",
           File(name, "pem")});
    }
  }

  /// Makes server.pem and server.key, for the subject alternative name `name`.
  void Issue(const std::string& name) {
    folder_.Write("ext", "subjectAltName=" + name + "\n");
    Run({"req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=database", "-keyout",
         File("server", "key"), "-out", File("server", "csr")});
    Run({"x509", "-req", "-in", File("server", "csr"), "-CA", File("ca", "pem"), "-CAkey",
         File("ca", "key"), "-CAcreateserial", "-days", "2", "-extfile", folder_.File("ext"),
         "-out", File("server", "pem")});
  }

  std::string File(const std::string& name, const std::string& kind) const {
    return folder_.File(name + "." + kind);
  }
  std::string Text(const std::string& name) const {
    std::ifstream file(File(name, "pem"));
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }

 private:
  void Run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "openssl");
    EXPECT_EQ(ChildProcess(arguments, folder_.File("openssl.log")).Wait(), 0) << arguments[1];
  }

  const TemporaryFolder folder_;
};

class MysqlTlsTest : public testing::TestWithParam<ServerKind> {
 protected:
  MysqlTlsTest() {
    certificates_.Issue("DNS:localhost");
    server_ = std::make_unique<MysqlServerProcess>(
        GetParam(), ServerCertificate{.authority = certificates_.File("ca", "pem"),
                                      .certificate = certificates_.File("server", "pem"),
                                      .key = certificates_.File("server", "key")});
    // Whoever logs in as this user does so over TLS.
    RunSql(server_->options(),
           "CREATE USER secure@'%' REQUIRE SSL; GRANT ALL ON satchel.* TO secure@'%'");
  }

  void ReissueFor(const std::string& name) {
    certificates_.Issue(name);
    RunSql(server_->options(),
           GetParam() == ServerKind::kMariadb ? "FLUSH SSL" : "ALTER INSTANCE RELOAD TLS");
  }

  Status Check(const std::string& host, const std::string& ca) const {
    MysqlOptions options = server_->options();
    options.user = "secure";
    options.host = host;
    options.ca = ca;
    auto made = MysqlDatabase::Make(options);
    if (!made.ok()) return made.status();
    return std::move(made).value()->Check(CallContext("test"));
  }
  void ExpectRefused(const std::string& host, const std::string& ca) const {
    const Status status = Check(host, ca);
    EXPECT_TRUE(status.Is(Reason::kConfigurationInvalid)) << status.ToString();
    const bool names_tls = status.message().find("no TLS with") != std::string::npos;
    EXPECT_EQ(names_tls, !ca.empty()) << status.message();
    EXPECT_NE(status.message().find("MICROSERVICE_DATABASE_CA"), std::string::npos);
  }
  void ExpectAccepted(const std::string& host, const std::string& ca) const {
    const Status status = Check(host, ca);
    EXPECT_TRUE(status.ok()) << status.ToString();
  }

  void ExpectDeadlinesToHold() const;
  void ExpectACutHandshakeToBeAnOutage() const;

  Certificates certificates_;
  std::unique_ptr<MysqlServerProcess> server_;
};

TEST_P(MysqlTlsTest, TheAuthorityAndTheHostMustBeTheRightOnesAndDeadlinesHold) {
  ExpectDeadlinesToHold();
  ExpectACutHandshakeToBeAnOutage();
  ExpectAccepted("localhost", certificates_.Text("ca"));
  ExpectAccepted("localhost", certificates_.File("ca", "pem"));
  ExpectAccepted("localhost", certificates_.Text("other") + certificates_.Text("ca"));
  ExpectRefused("localhost", certificates_.Text("other"));
  ExpectRefused("127.0.0.1", certificates_.Text("ca"));
  ExpectRefused("localhost", "");
  ReissueFor("IP:127.0.0.1");
  ExpectAccepted("127.0.0.1", certificates_.Text("ca"));
  ExpectRefused("localhost", certificates_.Text("ca"));
  ReissueFor("IP:127.0.0.2,DNS:localhost.example");
  ExpectRefused("127.0.0.1", certificates_.Text("ca"));
  ExpectRefused("localhost", certificates_.Text("ca"));
}

void MysqlTlsTest::ExpectDeadlinesToHold() const {
  MysqlOptions options = server_->options();
  options.host = "localhost";
  options.ca = certificates_.Text("ca");
  const auto database = OpenDatabase(options);
  const auto ask = [&](const CallContext& call, std::string_view sql) {
    return database->Read(call, ReadScope::kStatement, [&](SqlConnection& connection) {
      return connection.Query(sql, {}, [](const SqlRow&) {}).status();
    });
  };
  const CallContext call("test");
  ASSERT_TRUE(ask(call, "SELECT 1").ok());
  const Stopwatch watch;
  const CallContext late("late", std::chrono::steady_clock::now() + std::chrono::milliseconds(300));
  EXPECT_TRUE(ask(late, "SELECT SLEEP(20)").Is(Reason::kDeadlineExceeded));
  EXPECT_LT(watch.elapsed(), std::chrono::milliseconds(1500));
  EXPECT_TRUE(ask(call, "SELECT SLEEP(1.5)").ok()) << "slow is not down";
}

void MysqlTlsTest::ExpectACutHandshakeToBeAnOutage() const {
  TcpGate gate(server_->port());
  MysqlOptions options = server_->options();
  options.user = "secure";
  options.host = "localhost";
  options.port = gate.port();
  options.ca = certificates_.Text("ca");
  const auto expect_an_outage = [&] {
    const Status status = OpenDatabase(options)->Check(CallContext("test"));
    EXPECT_TRUE(status.Is(Reason::kDatabaseUnavailable)) << status.ToString();
  };
  // The server greets, and then the client's answer is cut off, or gets none.
  gate.SetResetAfter(0);
  expect_an_outage();
  gate.SetResetAfter(-1);
  gate.SetHoldRequests(true);
  expect_an_outage();
  const auto stalling = OpenDatabase(options);
  const Stopwatch watch;
  const CallContext late("late", std::chrono::steady_clock::now() + std::chrono::milliseconds(200));
  EXPECT_TRUE(stalling->Check(late).Is(Reason::kDeadlineExceeded));
  EXPECT_LT(watch.elapsed(), std::chrono::milliseconds(800)) << "the library waits for 1 s";
  gate.SetHoldRequests(false);
  const Status status = OpenDatabase(options)->Check(CallContext("test"));
  EXPECT_TRUE(status.ok()) << status.ToString();
}

SATCHEL_ON_EVERY_SERVER(MysqlTlsTest);

class MysqlWithoutTlsTest : public MysqlTest {};

TEST_P(MysqlWithoutTlsTest, AServerThatCannotDoTlsIsRefusedOnceThereIsAnAuthority) {
  const Certificates certificates;
  MysqlOptions options = server_.options();
  options.ca = certificates.Text("ca");
  const Status status = OpenDatabase(options)->Check(call_);
  EXPECT_TRUE(status.Is(Reason::kConfigurationInvalid)) << status.ToString();
}

TEST_P(MysqlWithoutTlsTest, WhatIsNoAuthorityIsRefusedBeforeConnecting) {
  for (const char* ca : {"/does/not/exist.pem", "not PEM", "/dev/null"}) {
    MysqlOptions options = server_.options();
    options.ca = ca;
    EXPECT_TRUE(MysqlDatabase::Make(options).status().Is(Reason::kConfigurationInvalid)) << ca;
  }
}

SATCHEL_ON_EVERY_SERVER(MysqlWithoutTlsTest);

}  // namespace
}  // namespace satchel
