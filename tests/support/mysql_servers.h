/// Real servers of the MySQL protocol, in a folder and on a port of their own.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/sql/mysql_database.h"
#include "support/child_process.h"
#include "support/temporary_folder.h"

namespace satchel {

enum class ServerKind { kMariadb, kTidb };

/// Paths of PEM files.
struct ServerCertificate {
  std::string authority;
  std::string certificate;
  std::string key;
};

/// A running server with an empty database "satchel". A server that is not installed, or does not
/// come up, fails the test.
class MysqlServerProcess {
 public:
  explicit MysqlServerProcess(ServerKind kind, std::optional<ServerCertificate> tls = {});

  /// As its administrator.
  MysqlOptions options() const;
  int port() const { return port_; }
  ServerKind kind() const { return kind_; }
  ChildProcess& process() { return *process_; }
  /// Starts it again on its data, and waits until it answers.
  void Restart();
  std::string log() const;

 private:
  std::vector<std::string> CommandLine() const;
  std::string TidbConfiguration() const;
  /// A MariaDB that starts removes the temporary tables of all others that share its folder.
  std::string MariadbTemporaryFolder() const;
  void Start();
  void WaitUntilReady();

  const ServerKind kind_;
  const std::optional<ServerCertificate> tls_;
  const int port_;
  const int status_port_;
  const TemporaryFolder folder_;
  std::unique_ptr<ChildProcess> process_;
};

/// The one server of a kind that all tests of this program share; it ends with the last of them.
MysqlServerProcess& SharedServer(ServerKind kind);

const char* NameOf(ServerKind kind);

/// A database on `options`' server; the test fails when there is none.
std::unique_ptr<MysqlDatabase> OpenDatabase(const MysqlOptions& options);
/// Runs `script` on a connection of its own, as another program would.
void RunSql(const MysqlOptions& options, std::string_view script);
/// Applies all migrations, and empties the tables.
void ResetSchema(const MysqlOptions& options);

}  // namespace satchel
