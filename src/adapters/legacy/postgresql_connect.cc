#include "adapters/legacy/postgresql_connect.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <string_view>
#include <utility>

#include "adapters/legacy/source_refusal.h"
#include "base/text.h"

namespace satchel {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kConnectTimeMax{10};
constexpr int kCancelCheckMilliseconds = 100;
// SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html
constexpr std::string_view kLoginClass = "28";
constexpr std::string_view kRightMissing = "42501";
constexpr std::string_view kDatabaseMissing = "3D000";
constexpr std::size_t kSqlstateCharacters = 5;

/// The SQLSTATE in a verbose message: "FATAL:  28P01: password …". libpq hands it over in no other
/// way before there is a connection.
std::string_view SqlstateIn(std::string_view message) {
  constexpr std::string_view kSeverityEnd = ":  ";
  const std::size_t end = message.find(kSeverityEnd);
  if (end == std::string_view::npos) return {};
  const std::string_view rest = message.substr(end + kSeverityEnd.size());
  if (rest.size() <= kSqlstateCharacters || rest[kSqlstateCharacters] != ':') return {};
  const std::string_view state = rest.substr(0, kSqlstateCharacters);
  const bool well_formed = std::all_of(state.begin(), state.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
  });
  return well_formed ? state : std::string_view();
}

/// What libpq and OpenSSL say of a certificate; both have no code for it.
bool IsOfTlsItself(std::string_view message) {
  return message.find("certificate") != std::string_view::npos ||
         message.find("does not support SSL") != std::string_view::npos;
}

Status FailureOf(const PGconn* connection, const LegacySourceSpec& spec) {
  std::string message = PostgresqlMessage(connection);
  // Where in PostgreSQL's sources it is said is nobody's business here.
  message = TrimAscii(message.substr(0, message.find(" LOCATION:")));
  const std::string_view state = SqlstateIn(message);
  if (state.starts_with(kLoginClass) ||
      (state.empty() && PQconnectionNeedsPassword(connection) != 0)) {
    return RefuseLogin(spec.address, message);
  }
  if (IsPostgresqlRightMissing(state)) return RefuseRight(spec, message);
  if (state == kDatabaseMissing) return RefuseDatabase(spec.address, message);
  const bool checked = !spec.address.ca_file.empty();
  if (checked && state.empty() && IsOfTlsItself(message)) {
    return RefuseServer(spec.address, message);
  }
  return Status(Reason::kDatabaseUnavailable, "cannot connect to the source database: " + message);
}

/// Waits until the connection stands or has failed.
Status AwaitConnection(const CallContext& call, PGconn* connection, const LegacySourceSpec& spec) {
  const auto deadline = steady_clock::now() + kConnectTimeMax;
  PostgresPollingStatusType wanted = PGRES_POLLING_WRITING;
  while (true) {
    SATCHEL_RETURN_IF_ERROR(call.Check());
    if (steady_clock::now() >= deadline) {
      return Status(Reason::kDatabaseUnavailable, "cannot connect to the source database at " +
                                                      spec.address.host + ": it does not answer");
    }
    pollfd socket{.fd = PQsocket(connection),
                  .events = wanted == PGRES_POLLING_READING ? short{POLLIN} : short{POLLOUT},
                  .revents = 0};
    const int ready = poll(&socket, 1, kCancelCheckMilliseconds);
    if (ready == 0 || (ready < 0 && errno == EINTR)) continue;
    wanted = PQconnectPoll(connection);
    if (wanted == PGRES_POLLING_OK) return {};
    if (wanted == PGRES_POLLING_FAILED) return FailureOf(connection, spec);
  }
}

}  // namespace

std::string PostgresqlMessage(const PGconn* connection) {
  std::string text(TrimAscii(PQerrorMessage(connection)));
  std::erase(text, '\t');
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

bool IsPostgresqlRightMissing(std::string_view sqlstate) { return sqlstate == kRightMissing; }

Result<PostgresqlConnection> ConnectPostgresql(const CallContext& call,
                                               const LegacySourceSpec& spec) {
  const LegacyAddress& address = spec.address;
  const std::string port = std::to_string(address.port);
  const bool checked = !address.ca_file.empty();
  const std::array<std::pair<const char*, const char*>, 8> settings = {{
      {"host", address.host.c_str()},
      {"port", port.c_str()},
      {"user", address.user.c_str()},
      {"password", address.password.empty() ? nullptr : address.password.Reveal().c_str()},
      {"dbname", address.database.c_str()},
      {"client_encoding", "UTF8"},
      {"sslmode", checked ? "verify-full" : "prefer"},
      {"sslrootcert", checked ? address.ca_file.c_str() : nullptr},
  }};
  std::array<const char*, settings.size() + 1> names{};
  std::array<const char*, settings.size() + 1> values{};
  for (std::size_t i = 0; i < settings.size(); ++i) {
    names.at(i) = settings.at(i).first;
    values.at(i) = settings.at(i).second;
  }
  // A database's name that looks like a connection string is a name all the same.
  constexpr int kExpandName = 0;
  PostgresqlConnection connection(PQconnectStartParams(names.data(), values.data(), kExpandName));
  if (connection == nullptr) return InternalError("libpq made no connection");
  if (PQstatus(connection.get()) == CONNECTION_BAD) return FailureOf(connection.get(), spec);
  PQsetErrorVerbosity(connection.get(), PQERRORS_VERBOSE);
  SATCHEL_RETURN_IF_ERROR(AwaitConnection(call, connection.get(), spec));
  PQsetErrorVerbosity(connection.get(), PQERRORS_DEFAULT);
  return connection;
}

}  // namespace satchel
