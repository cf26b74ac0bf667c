#include "support/mysql_servers.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "adapters/sql/migrator.h"
#include "support/free_port.h"

namespace satchel {
namespace {

using namespace std::chrono_literals;

/// TiDB makes its own tables at its first start, on a busy machine.
constexpr std::chrono::seconds kStartTimeMax = 90s;
constexpr int kPollMs = 20;

std::array<std::unique_ptr<MysqlServerProcess>, 2>& SharedServers() {
  static std::array<std::unique_ptr<MysqlServerProcess>, 2> servers;
  return servers;
}

/// Ends the shared servers with the last test.
class SharedServersEnd final : public testing::Environment {
 public:
  void TearDown() override {
    for (auto& server : SharedServers()) server.reset();
  }
};

// tidy-allow(raw-new): GoogleTest takes it over
const testing::Environment* const kEnd = testing::AddGlobalTestEnvironment(new SharedServersEnd);

std::string TidbProgram() {
  const char* cache = std::getenv("SATCHEL_CACHE");
  const char* home = std::getenv("HOME");
  const std::string folder =
      cache != nullptr ? cache : std::string(home != nullptr ? home : "") + "/.cache/satchel";
  return folder + "/bin/tidb-server";
}

}  // namespace

MysqlServerProcess::MysqlServerProcess(ServerKind kind, std::optional<ServerCertificate> tls)
    : kind_(kind), tls_(std::move(tls)), port_(FreePort()), status_port_(FreePort()) {
  if (kind_ == ServerKind::kMariadb) {
    std::filesystem::create_directory(folder_.File("temp"));
    ChildProcess install(
        {"mariadb-install-db", "--no-defaults", "--auth-root-authentication-method=normal",
         "--skip-test-db", "--skip-name-resolve", "--user=root",
         "--datadir=" + folder_.File("data"), MariadbTemporaryFolder()},
        folder_.File("install.log"));
    EXPECT_EQ(install.Wait(), 0) << "mariadb-install-db; is mariadb-server installed?";
  } else {
    folder_.Write("tidb.toml", TidbConfiguration());
  }
  Start();
  MysqlOptions server = options();
  server.database = kind_ == ServerKind::kMariadb ? "mysql" : "test";
  RunSql(server, "CREATE DATABASE IF NOT EXISTS satchel");
}

std::string MysqlServerProcess::MariadbTemporaryFolder() const {
  return "--tmpdir=" + folder_.File("temp");
}

// A commit that goes to several regions is still being written to some of them when it is answered,
// and over the embedded store a read just after that may find what was there before; one that goes
// to one region is over. All tables are in one.
std::string MysqlServerProcess::TidbConfiguration() const {
  std::string text = "split-table = false\n";
  if (tls_) {
    text.append("[security]\nssl-cert = \"").append(tls_->certificate);
    text.append("\"\nssl-key = \"").append(tls_->key).append("\"\n");
  }
  return text;
}

std::vector<std::string> MysqlServerProcess::CommandLine() const {
  const std::string port = std::to_string(port_);
  if (kind_ == ServerKind::kTidb) {
    return {TidbProgram(),
            "-store=unistore",
            "-path=" + folder_.File("data"),
            "-config=" + folder_.File("tidb.toml"),
            "-host=127.0.0.1",
            "-P=" + port,
            "-status=" + std::to_string(status_port_),
            "-socket=",
            "-temp-dir=" + folder_.File("temp"),
            "-log-slow-query=" + folder_.File("slow.log"),
            "-L=warn"};
  }
  std::vector<std::string> arguments = {"/usr/sbin/mariadbd",
                                        "--no-defaults",
                                        "--user=root",
                                        "--bind-address=127.0.0.1",
                                        "--port=" + port,
                                        "--datadir=" + folder_.File("data"),
                                        MariadbTemporaryFolder(),
                                        "--socket=" + folder_.File("s"),
                                        "--pid-file=" + folder_.File("pid"),
                                        "--skip-name-resolve",
                                        "--innodb-buffer-pool-size=64M",
                                        "--max-connections=400"};
  if (tls_) {
    arguments.insert(arguments.end(),
                     {"--ssl-ca=" + tls_->authority, "--ssl-cert=" + tls_->certificate,
                      "--ssl-key=" + tls_->key});
  }
  return arguments;
}

void MysqlServerProcess::Start() {
  process_ = std::make_unique<ChildProcess>(CommandLine(), folder_.File("server.log"));
  WaitUntilReady();
}

void MysqlServerProcess::Restart() {
  process_->Kill();
  Start();
}

void MysqlServerProcess::WaitUntilReady() {
  MysqlOptions server = options();
  server.database = "mysql";
  const std::string no_ca;
  const auto give_up_at = std::chrono::steady_clock::now() + kStartTimeMax;
  while (process_->running() && std::chrono::steady_clock::now() < give_up_at) {
    const auto opened =
        MysqlConnection::Open({server, no_ca}, std::chrono::steady_clock::now() + 1s, nullptr);
    if (std::holds_alternative<std::unique_ptr<MysqlConnection>>(opened)) return;
    // A server that insists on what this connection does not do is up, too.
    if (std::get<MysqlConnection::OpenFailure>(opened).answered) return;
    ::poll(nullptr, 0, kPollMs);
  }
  ADD_FAILURE() << NameOf(kind_) << " does not come up (" << CommandLine()[0] << "):\n" << log();
}

std::string MysqlServerProcess::log() const {
  std::ifstream file(folder_.File("server.log"));
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

MysqlOptions MysqlServerProcess::options() const {
  MysqlOptions options;
  options.host = "127.0.0.1";
  options.port = port_;
  options.user = "root";
  options.database = "satchel";
  return options;
}

const char* NameOf(ServerKind kind) { return kind == ServerKind::kMariadb ? "Mariadb" : "Tidb"; }

MysqlServerProcess& SharedServer(ServerKind kind) {
  auto& server = SharedServers()[static_cast<std::size_t>(kind)];
  if (!server) {
    server = std::make_unique<MysqlServerProcess>(kind);
    ResetSchema(server->options());
  }
  return *server;
}

std::unique_ptr<MysqlDatabase> OpenDatabase(const MysqlOptions& options) {
  auto made = MysqlDatabase::Make(options);
  EXPECT_TRUE(made.ok()) << made.status().ToString();
  return made.ok() ? std::move(made).value() : nullptr;
}

void RunSql(const MysqlOptions& options, std::string_view script) {
  const CallContext call("test");
  const Status ran = OpenDatabase(options)->Read(
      call, ReadScope::kStatement,
      [&](SqlConnection& connection) { return connection.ExecuteScript(script).status(); });
  ASSERT_TRUE(ran.ok()) << ran.ToString() << "\n" << script;
}

void ResetSchema(const MysqlOptions& options) {
  const CallContext call("test");
  Migrator migrator(OpenDatabase(options), MysqlMigrations());
  const auto deployed = migrator.Deploy(call);
  ASSERT_TRUE(deployed.ok()) << deployed.status().ToString();
  RunSql(options, "DELETE FROM rag_document; DELETE FROM user_usage; DELETE FROM satchel_setting");
}

}  // namespace satchel
