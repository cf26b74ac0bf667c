#include "adapters/sql/mysql_connection.h"

// clang-format off: the error numbers need the types of mysql.h
#include <errmsg.h>
#include <mysql.h>
#include <mysqld_error.h>
// clang-format on
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <utility>

namespace satchel {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

/// libmariadb's own time-outs, in seconds, behind those of MysqlWait: for what cannot be waited for
/// by it, a name's look-up and a TLS handshake that stalls.
constexpr unsigned int kLibraryConnectSeconds = 1;
constexpr unsigned int kLibraryIoSeconds = 3600;

/// A peer that vanished without a word is noticed after 10 + 3 × 5 s, on an idle connection too.
constexpr int kKeepaliveIdleSeconds = 10;
constexpr int kKeepaliveIntervalSeconds = 5;
constexpr int kKeepaliveProbes = 3;

/// A COMMIT is waited for longer than its caller waits: whoever gives up does not know its outcome.
constexpr std::chrono::seconds kCommitTimeMax = 10s;
/// Undoing, and saying goodbye.
constexpr std::chrono::milliseconds kFarewellTimeMax = 500ms;

/// Authentication that never sends the password in the clear.
constexpr const char* kAuthentication =
    "mysql_native_password,client_ed25519,caching_sha2_password,sha256_password";

// NO_UNSIGNED_SUBTRACTION: differences of what `>>` and `&` give, which is unsigned, may be
// negative.
constexpr std::string_view kSessionOfAll =
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED; "
    "SET SESSION sql_mode = 'STRICT_ALL_TABLES,STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,"
    "NO_ZERO_DATE,NO_ZERO_IN_DATE,NO_ENGINE_SUBSTITUTION,NO_UNSIGNED_SUBTRACTION', "
    "SESSION time_zone = '+00:00', SESSION autocommit = 1, SESSION innodb_lock_wait_timeout = 2";
// A replica that hangs in a transaction must not hold its locks for the hours of wait_timeout.
constexpr std::string_view kSessionOfMariadb =
    "SET SESSION default_storage_engine = InnoDB, SESSION idle_write_transaction_timeout = 15";
constexpr std::string_view kSessionOfMysql = "SET SESSION default_storage_engine = InnoDB";
constexpr std::string_view kSessionOfTidb = "SET SESSION tidb_txn_mode = 'pessimistic'";
/// TiDB has it from 7.6 on.
constexpr std::string_view kIdleTimeoutOfTidb = "SET SESSION tidb_idle_transaction_timeout = 15";

// The level is that of the next transaction alone.
constexpr std::string_view kBeginSnapshot =
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; "
    "START TRANSACTION WITH CONSISTENT SNAPSHOT";

std::string_view SessionOf(MysqlServer server) {
  switch (server) {
    case MysqlServer::kMariadb:
      return kSessionOfMariadb;
    case MysqlServer::kTidb:
      return kSessionOfTidb;
    case MysqlServer::kMysql:
      break;
  }
  return kSessionOfMysql;
}

/// libmariadb reads plain sockets without blocking by itself, but not those with TLS.
void PrepareSocket(int socket) {
  ::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) | O_NONBLOCK);
  const int on = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
  for (const auto& [option, value] : {std::pair{TCP_KEEPIDLE, kKeepaliveIdleSeconds},
                                      std::pair{TCP_KEEPINTVL, kKeepaliveIntervalSeconds},
                                      std::pair{TCP_KEEPCNT, kKeepaliveProbes}}) {
    ::setsockopt(socket, IPPROTO_TCP, option, &value, sizeof(value));
  }
}

bool InitializeLibrary() {
  static const bool initialized = mysql_server_init(0, nullptr, nullptr) == 0;
  return initialized;
}

/// What the library itself has to say, when there is no connection to ask.
constexpr std::string_view kNoMemory = "libmariadb is out of memory";

}  // namespace

MysqlServer MysqlServerOf(std::string_view version) {
  if (version.find("TiDB") != std::string_view::npos) return MysqlServer::kTidb;
  if (version.find("MariaDB") != std::string_view::npos) return MysqlServer::kMariadb;
  return MysqlServer::kMysql;
}

void MysqlConnection::CloseHandle::operator()(MYSQL* handle) const {
  MysqlWait farewell{.deadline = steady_clock::now() + kFarewellTimeMax, .may_answer = {}};
  const MysqlWaitScope scope(farewell);
  mysql_close(handle);
}

MysqlConnection::~MysqlConnection() = default;

MysqlConnection::Opened MysqlConnection::Open(const Target& target, MysqlWait::SteadyTime deadline,
                                              const CallContext* call) {
  Opened opened = Enter(target, deadline, call);
  auto* const entered = std::get_if<std::unique_ptr<MysqlConnection>>(&opened);
  if (entered == nullptr) return opened;
  MysqlConnection& connection = **entered;
  {
    const MysqlWaitScope scope(connection.wait_);
    if (!connection.SetUpSession()) return connection.FailureToOpen();
  }
  connection.wait_ = {};
  return opened;
}

std::optional<SqlError> MysqlConnection::Knock(const Target& target, MysqlWait::SteadyTime deadline,
                                               const CallContext* call) {
  const Opened entered = Enter(target, deadline, call);
  const auto* failure = std::get_if<OpenFailure>(&entered);
  if (failure == nullptr || failure->answered) return std::nullopt;
  return failure->error;
}

MysqlConnection::Opened MysqlConnection::Enter(const Target& target, MysqlWait::SteadyTime deadline,
                                               const CallContext* call) {
  if (!InitializeLibrary()) {
    return OpenFailure{.error = {SqlFailure::kUnavailable, std::string(kNoMemory)}};
  }
  // tidy-allow(raw-new): the constructor is private, make_unique cannot reach it
  std::unique_ptr<MysqlConnection> connection(new MysqlConnection(mysql_init(nullptr)));
  if (!connection->handle_) {
    return OpenFailure{.error = {SqlFailure::kUnavailable, std::string(kNoMemory)}};
  }
  connection->wait_.call = call;
  connection->wait_.deadline = deadline;
  const MysqlWaitScope scope(connection->wait_);
  if (!connection->SetOptions(target) || !connection->Connect(target.options)) {
    OpenFailure failure = connection->FailureToOpen();
    // The library leaves the port out.
    if (!failure.answered) {
      failure.error.text += "; port " + std::to_string(target.options.port);
    }
    return failure;
  }
  return connection;
}

bool MysqlConnection::SetOptions(const Target& target) {
  MYSQL* const handle = handle_.get();
  const unsigned int over_tcp = MYSQL_PROTOCOL_TCP;
  const unsigned int off = 0;
  const my_bool on = 1;
  int failed = 0;
  failed |= mysql_optionsv(handle, MYSQL_OPT_PROTOCOL, &over_tcp);
  failed |= mysql_optionsv(handle, MYSQL_SET_CHARSET_NAME, "utf8mb4");
  failed |= mysql_optionsv(handle, MYSQL_OPT_CONNECT_TIMEOUT, &kLibraryConnectSeconds);
  failed |= mysql_optionsv(handle, MYSQL_OPT_READ_TIMEOUT, &kLibraryIoSeconds);
  failed |= mysql_optionsv(handle, MYSQL_OPT_WRITE_TIMEOUT, &kLibraryIoSeconds);
  failed |= mysql_optionsv(handle, MYSQL_REPORT_DATA_TRUNCATION, &on);
  // A server must not be able to ask for this machine's files.
  failed |= mysql_optionsv(handle, MYSQL_OPT_LOCAL_INFILE, &off);
  failed |= mysql_optionsv(handle, MARIADB_OPT_RESTRICTED_AUTH, kAuthentication);
  failed |= mysql_optionsv(handle, MARIADB_OPT_IO_WAIT, &WaitForMysqlSocket);
  if (!target.ca_path.empty()) {
    failed |= mysql_optionsv(handle, MYSQL_OPT_SSL_CA, target.ca_path.c_str());
    failed |= mysql_optionsv(handle, MYSQL_OPT_SSL_ENFORCE, &on);
    failed |= mysql_optionsv(handle, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &on);
  }
  return failed == 0;
}

bool MysqlConnection::Connect(const MysqlOptions& options) {
  MYSQL* const handle = handle_.get();
  const unsigned long flags = CLIENT_FOUND_ROWS | CLIENT_MULTI_STATEMENTS;
  if (mysql_real_connect(handle, options.host.c_str(), options.user.c_str(),
                         options.password.Reveal().c_str(), options.database.c_str(),
                         static_cast<unsigned int>(options.port), nullptr, flags) == nullptr) {
    return false;
  }
  PrepareSocket(mysql_get_socket(handle));
  server_ = MysqlServerOf(mysql_get_server_info(handle));
  return true;
}

bool MysqlConnection::SetUpSession() {
  if (!RunText(std::string(kSessionOfAll).append("; ").append(SessionOf(server_))).ok())
    return false;
  return server_ != MysqlServer::kTidb || RunText(kIdleTimeoutOfTidb).ok() ||
         mysql_errno(handle_.get()) == ER_UNKNOWN_SYSTEM_VARIABLE;
}

MysqlConnection::OpenFailure MysqlConnection::FailureToOpen() {
  const unsigned int code = mysql_errno(handle_.get());
  SqlError error = HandleError();
  return {.error = std::move(error), .answered = IsMysqlAnswer(code), .refusal = refusal_};
}

void MysqlConnection::WorkFor(const CallContext* call) {
  wait_.call = call;
  lost_race_ = false;
  unnamed_ = false;
}

void MysqlConnection::AskWhenSilent(std::function<bool(MysqlWait::SteadyTime)> may_answer) {
  wait_.may_answer = std::move(may_answer);
}

bool MysqlConnection::IsQuiet() const {
  pollfd socket{mysql_get_socket(handle_.get()), POLLIN, 0};
  // Nothing was asked: whatever can be read is a goodbye, or does not belong here.
  return ::poll(&socket, 1, 0) == 0;
}

SqlResult<std::int64_t> MysqlConnection::Begin(Transaction kind) {
  const MysqlWaitScope scope(wait_);
  if (kind == Transaction::kSnapshot) return RunText(kBeginSnapshot);
  // Without autocommit the first statement begins a transaction: a session that goes on writing
  // asks nothing more. On TiDB it is pessimistic, as tidb_txn_mode says.
  return SetAutocommit(kind == Transaction::kNone);
}

bool MysqlConnection::IsSetFor(Transaction kind) const {
  return kind == Transaction::kSnapshot || autocommit_ == (kind == Transaction::kNone);
}

SqlResult<std::int64_t> MysqlConnection::SetAutocommit(bool on) {
  if (autocommit_ == on) return std::int64_t{0};
  auto set = RunText(on ? "SET autocommit = 1" : "SET autocommit = 0");
  if (set.ok()) autocommit_ = on;
  return set;
}

SqlResult<std::int64_t> MysqlConnection::Commit() {
  MysqlWait patient{.deadline = steady_clock::now() + kCommitTimeMax,
                    .may_answer = wait_.may_answer};
  const MysqlWaitScope scope(patient);
  if (mysql_real_query(handle_.get(), "COMMIT", 6) == 0) {
    NoteAnswer();
    return std::int64_t{0};
  }
  const unsigned int code = mysql_errno(handle_.get());
  wait_.end = patient.end;
  SqlError error = HandleError();
  error.failure = MysqlCommitFailureOf(code);
  // Whatever became of it, nothing goes on in this session.
  if (error.failure == SqlFailure::kOutcomeUnknown) broken_ = true;
  return error;
}

SqlResult<std::int64_t> MysqlConnection::Rollback() {
  // Not longer than the call: the server rolls back what a closed connection leaves.
  MysqlWait brief{
      .call = wait_.call, .deadline = steady_clock::now() + kFarewellTimeMax, .may_answer = {}};
  const MysqlWaitScope scope(brief);
  if (mysql_real_query(handle_.get(), "ROLLBACK", 8) == 0) {
    NoteAnswer();
    return std::int64_t{0};
  }
  broken_ = true;
  return HandleError();
}

SqlResult<std::int64_t> MysqlConnection::Execute(std::string_view sql,
                                                 std::span<const SqlValue> values) {
  const MysqlWaitScope scope(wait_);
  const auto ran = Run(sql, values);
  if (!ran.ok()) return ran.error();
  return (*ran)->matched_rows();
}

SqlResult<std::int64_t> MysqlConnection::Query(std::string_view sql,
                                               std::span<const SqlValue> values,
                                               const RowCallback& on_row) {
  const MysqlWaitScope scope(wait_);
  const auto ran = Run(sql, values);
  if (!ran.ok()) return ran.error();
  std::int64_t rows = 0;
  if ((*ran)->FetchRows(on_row, rows)) return rows;
  return ErrorOf((*ran)->error_code(), (*ran)->error_text());
}

SqlResult<std::int64_t> MysqlConnection::ExecuteScript(std::string_view script) {
  const MysqlWaitScope scope(wait_);
  return RunText(script);
}

SqlResult<std::int64_t> MysqlConnection::RunText(std::string_view text) {
  MYSQL* const handle = handle_.get();
  if (mysql_real_query(handle, text.data(), text.size()) != 0) return HandleError();
  std::int64_t statements = 0;
  while (true) {
    ++statements;
    if (MYSQL_RES* const rows = mysql_store_result(handle); rows != nullptr) {
      mysql_free_result(rows);
    }
    const int next = mysql_next_result(handle);
    if (next < 0) {
      NoteAnswer();
      return statements;
    }
    if (next > 0) return HandleError();
  }
}

SqlResult<MysqlStatement*> MysqlConnection::Prepare(std::string_view sql) {
  if (const auto found = statements_.find(sql); found != statements_.end()) {
    return found->second.get();
  }
  auto statement = std::make_unique<MysqlStatement>(handle_.get());
  if (!statement->Prepare(sql)) return ErrorOf(statement->error_code(), statement->error_text());
  return statements_.emplace(sql, std::move(statement)).first->second.get();
}

SqlResult<MysqlStatement*> MysqlConnection::Run(std::string_view sql,
                                                std::span<const SqlValue> values) {
  auto prepared = Prepare(sql);
  if (!prepared.ok()) return prepared;
  MysqlStatement* const statement = *prepared;
  if (!statement->Takes(values)) {
    return SqlError{SqlFailure::kOther, "a statement with the wrong number of values"};
  }
  if (!statement->Execute(values)) {
    return ErrorOf(statement->error_code(), statement->error_text());
  }
  NoteAnswer();
  return statement;
}

SqlError MysqlConnection::HandleError() {
  return ErrorOf(mysql_errno(handle_.get()), mysql_error(handle_.get()));
}

SqlError MysqlConnection::ErrorOf(unsigned int code, std::string_view text) {
  SqlError error{MysqlFailureOf(code), "MySQL " + std::to_string(code) + ": "};
  error.text.append(text);
  if (IsMysqlTableGone(code)) error.text += " (was it, or the whole database, dropped?)";
  if (IsMysqlAnswer(code)) NoteAnswer();
  if (error.failure == SqlFailure::kRetryable) lost_race_ = true;
  if (IsMysqlUnnamed(code, text)) unnamed_ = true;
  if (IsMysqlConnectionLost(code)) broken_ = true;
  // Who did not wait for the end was told nothing.
  refusal_ = wait_.end == MysqlWait::End::kNone ? MysqlRefusalOf(code, text) : MysqlRefusal::kNone;
  // It stays as it is: who opens a connection asks twice, and one that is broken waits no more.
  if (const MysqlWait::End end = wait_.end; end != MysqlWait::End::kNone) {
    // The library calls it a lost connection, and it is one now.
    broken_ = true;
    if (end == MysqlWait::End::kCall) error.failure = SqlFailure::kInterrupted;
    fell_silent_ = end == MysqlWait::End::kSilent;
    if (fell_silent_) error.text += " (the server answers nobody)";
    if (end == MysqlWait::End::kTime) error.text += " (it took too long)";
  }
  return error;
}

}  // namespace satchel
