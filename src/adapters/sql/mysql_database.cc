#include "adapters/sql/mysql_database.h"

#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <exception>
#include <fstream>
#include <iterator>
#include <random>
#include <string_view>
#include <thread>
#include <utility>

#include "adapters/sql/migration_lock.h"

namespace satchel {
namespace {

/// How often one operation is run when it loses against others: each time another one won.
constexpr int kRunsMax = 20;
/// So often at once; then after a pause, in which the others get done: many that deadlock and begin
/// anew together deadlock again.
constexpr int kRunsAtOnce = 3;
constexpr int kPauseMaxUs = 10'000;
/// So often more when the server names no reason; then it is taken for one that stays.
constexpr int kUnnamedRetriesMax = 3;

/// Statements of no row that need every right that serving needs.
constexpr std::string_view kNeededRights =
    "INSERT INTO rag_document SELECT * FROM rag_document WHERE 1 = 0; "
    "UPDATE rag_document SET path = path WHERE 1 = 0; "
    "DELETE FROM rag_document WHERE 1 = 0; "
    "INSERT INTO user_usage SELECT * FROM user_usage WHERE 1 = 0; "
    "UPDATE user_usage SET file_count = file_count WHERE 1 = 0; "
    "DELETE FROM user_usage WHERE 1 = 0; "
    "INSERT INTO satchel_setting SELECT * FROM satchel_setting WHERE 1 = 0; "
    "UPDATE satchel_setting SET value = value WHERE 1 = 0; "
    "DELETE FROM satchel_setting WHERE 1 = 0; "
    "INSERT INTO satchel_import SELECT * FROM satchel_import WHERE 1 = 0; "
    "DELETE FROM satchel_import WHERE 1 = 0";

constexpr std::string_view kPemCertificate = "-----BEGIN CERTIFICATE-----";

Status RunGuarded(const SqlOperation& operation, SqlConnection& connection) {
  try {
    return operation(connection);
  } catch (const std::exception& error) {
    return InternalError(error.what());
  }
}

/// The connection is lent for this call only.
class WatchedCall {
 public:
  WatchedCall(MysqlConnection& connection, const CallContext& call) : connection_(connection) {
    connection_.WorkFor(&call);
  }
  ~WatchedCall() { connection_.WorkFor(nullptr); }
  WatchedCall(const WatchedCall&) = delete;
  WatchedCall& operator=(const WatchedCall&) = delete;

 private:
  MysqlConnection& connection_;
};

/// A connection that the server closed long ago is found out at once.
constexpr std::chrono::milliseconds kFindOutTimeMax{500};

/// Whether what failed since `begun_at`, and has not happened, may well succeed at once.
bool IsWorthAnother(const Status& status, const MysqlPool::Lease& lease,
                    MysqlWait::SteadyTime begun_at) {
  if (lease->lost_race()) return true;
  // The server may have closed a connection of old, and be there.
  const bool outlived = lease->broken() && !lease.fresh() && !lease->fell_silent() &&
                        std::chrono::steady_clock::now() - begun_at < kFindOutTimeMax;
  return outlived && !status.Is(Reason::kDeadlineExceeded);
}

/// nullopt: cannot be read.
std::optional<std::string> ReadPem(const std::string& text_or_path) {
  if (text_or_path.find(kPemCertificate) != std::string::npos) return text_or_path;
  std::ifstream file(text_or_path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file.good() && !file.eof()) return std::nullopt;
  return text;
}

void PauseByChance() {
  thread_local std::minstd_rand chance(std::random_device{}());
  std::uniform_int_distribution<int> pause_us(0, kPauseMaxUs);
  // tidy-allow(sleep): a pause between two transactions, far below every deadline
  std::this_thread::sleep_for(std::chrono::microseconds(pause_us(chance)));
}

}  // namespace

/// The certificate authority as a file in memory: libmariadb takes paths only.
class MysqlDatabase::CaFile {
 public:
  static Result<std::unique_ptr<CaFile>> Make(const std::string& text_or_path) {
    const std::optional<std::string> pem = ReadPem(text_or_path);
    if (!pem || pem->find(kPemCertificate) == std::string::npos) {
      return ConfigurationError(
          "MICROSERVICE_DATABASE_CA is neither the text nor the path of a PEM certificate");
    }
    // tidy-allow(raw-new): the constructor is private, make_unique cannot reach it
    std::unique_ptr<CaFile> file(new CaFile(::memfd_create("database-ca", MFD_CLOEXEC)));
    const ssize_t written = ::write(file->descriptor_, pem->data(), pem->size());
    if (written != static_cast<ssize_t>(pem->size())) {
      return InternalError("no memory for the database's certificate authority");
    }
    return file;
  }
  ~CaFile() { ::close(descriptor_); }
  CaFile(const CaFile&) = delete;
  CaFile& operator=(const CaFile&) = delete;

  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  explicit CaFile(int descriptor) : descriptor_(descriptor) {}

  const int descriptor_;
};

MysqlDatabase::MysqlDatabase(MysqlOptions options, std::unique_ptr<CaFile> ca_file)
    : options_(std::move(options)),
      ca_file_(std::move(ca_file)),
      ca_path_(ca_file_ ? ca_file_->path() : std::string()),
      pool_(options_, ca_path_) {}

MysqlDatabase::~MysqlDatabase() = default;

Result<std::unique_ptr<MysqlDatabase>> MysqlDatabase::Make(MysqlOptions options) {
  if (options.host.empty() || options.database.empty()) {
    return ConfigurationError("MICROSERVICE_DATABASE must name a host and a database");
  }
  std::unique_ptr<CaFile> ca_file;
  if (!options.ca.empty()) {
    SATCHEL_ASSIGN_OR_RETURN(ca_file, CaFile::Make(options.ca));
  }
  return std::unique_ptr<MysqlDatabase>(
      // tidy-allow(raw-new): the constructor is private, make_unique cannot reach it
      new MysqlDatabase(std::move(options), std::move(ca_file)));
}

Status MysqlDatabase::Check(const CallContext& call) {
  MysqlRefusal refusal = MysqlRefusal::kNone;
  const auto lease = pool_.Borrow(call, MysqlConnection::Transaction::kSnapshot, &refusal);
  if (!lease.ok() && refusal != MysqlRefusal::kNone) return Explain(refusal, lease.status());
  SATCHEL_RETURN_IF_ERROR(lease.status());
  std::string foreign;
  MysqlConnection& connection = *lease.value();
  const WatchedCall watched(connection, call);
  const auto begun = connection.Begin(MysqlConnection::Transaction::kNone);
  if (!begun.ok()) return begun.status();
  auto rows = connection.Query(
      "SELECT table_name, engine FROM information_schema.tables WHERE table_schema = DATABASE() "
      "AND table_name IN ('rag_document', 'user_usage', 'satchel_setting') "
      "AND engine <> 'InnoDB' LIMIT 1",
      {}, [&](const SqlRow& row) {
        foreign = std::string(row.Text(0)).append(" is stored by ").append(row.Text(1));
      });
  if (!rows.ok()) return rows.status();
  if (foreign.empty()) return {};
  return ConfigurationError("the table " + foreign +
                            ", which has no transactions: convert it with ALTER TABLE … ENGINE = "
                            "InnoDB before documents are trusted to it");
}

Status MysqlDatabase::Explain(MysqlRefusal refusal, const Status& status) const {
  const std::string server = options_.host + ":" + std::to_string(options_.port);
  const std::string words = " (" + status.cause() + "): ";
  switch (refusal) {
    case MysqlRefusal::kLogin:
      return ConfigurationError("the database server " + server + " refuses the user " +
                                options_.user + words +
                                "check user and password in MICROSERVICE_DATABASE; an account "
                                "that requires TLS needs MICROSERVICE_DATABASE_CA too");
    case MysqlRefusal::kDatabase:
      return ConfigurationError("the database server " + server + " has no database " +
                                options_.database + words +
                                "check MICROSERVICE_DATABASE, or create it as in "
                                "deploy/mysql/accounts.sql");
    case MysqlRefusal::kTls:
      return ConfigurationError("no TLS with the database server " + server + words +
                                "its certificate must come from the authority in "
                                "MICROSERVICE_DATABASE_CA and name this host");
    case MysqlRefusal::kRights:
    case MysqlRefusal::kNone:
      break;
  }
  return status;
}

Status MysqlDatabase::CheckRights(const CallContext& call) {
  const Status asked = Write(call, Durability::kProcess, [](SqlConnection& connection) {
    return connection.ExecuteScript(kNeededRights).status();
  });
  // Of what keeps it from answering, or from writing, others tell; reads may go on.
  return asked.Is(Reason::kConfigurationInvalid) ? asked : Status();
}

Status MysqlDatabase::Write(const CallContext& call, Durability, const SqlOperation& operation) {
  return RunUntilDone(call, [&] { return WriteOnce(call, operation); });
}

Status MysqlDatabase::Read(const CallContext& call, ReadScope scope,
                           const SqlOperation& operation) {
  return RunUntilDone(call, [&] { return ReadOnce(call, scope, operation); });
}

Status MysqlDatabase::Migrate(const CallContext& call, const SqlOperation& operation) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  const auto opened = MysqlConnection::Open(
      {options_, ca_path_}, std::chrono::steady_clock::now() + MysqlPool::kConnectTimeMax, &call);
  if (const auto* failure = std::get_if<MysqlConnection::OpenFailure>(&opened)) {
    return Explain(failure->refusal, ToStatus(failure->error));
  }
  MysqlConnection& connection = *std::get<std::unique_ptr<MysqlConnection>>(opened);
  connection.WorkFor(&call);
  Status migrated = RunWithMigrationLock(
      connection, call, [&](SqlConnection& session) { return RunGuarded(operation, session); });
  return migrated.Is(Reason::kDatabaseUnavailable) ? Explain(connection.refusal(), migrated)
                                                   : migrated;
}

Status MysqlDatabase::RunUntilDone(const CallContext& call, const std::function<Run()>& run) {
  Run last;
  int unnamed = 0;
  for (int runs = 1;; ++runs) {
    last = run();
    if (last.again && last.unnamed && ++unnamed > kUnnamedRetriesMax) {
      return ToStatus({SqlFailure::kOther, last.status.cause()});
    }
    if (!last.again || runs == kRunsMax || !call.Check().ok()) break;
    if (runs >= kRunsAtOnce || last.unnamed) PauseByChance();
  }
  // Who had no time left to try again met rivals, not an outage.
  if (last.again) SATCHEL_RETURN_IF_ERROR(call.Check());
  if (last.status.Is(Reason::kDeadlineExceeded) && call.cancelled()) return call.Check();
  return last.status;
}

MysqlDatabase::Run MysqlDatabase::WriteOnce(const CallContext& call,
                                            const SqlOperation& operation) {
  const auto lease = pool_.Borrow(call, MysqlConnection::Transaction::kWrite);
  if (!lease.ok()) return {lease.status(), false};
  const auto begun_at = std::chrono::steady_clock::now();
  MysqlConnection& connection = *lease.value();
  const WatchedCall watched(connection, call);
  Status status = connection.Begin(MysqlConnection::Transaction::kWrite).status();
  if (status.ok()) status = RunGuarded(operation, connection);
  if (status.ok() && !connection.lost_race() && !connection.broken()) {
    const auto committed = connection.Commit();
    return {committed.status(), committed.Is(SqlFailure::kRetryable)};
  }
  // Before COMMIT was sent nothing has happened: a session that ends takes its transaction along.
  if (!connection.broken()) (void)connection.Rollback();
  if (status.ok()) status = ToStatus({SqlFailure::kRetryable, "a transaction that was undone"});
  return {status, IsWorthAnother(status, lease.value(), begun_at), connection.unnamed()};
}

MysqlDatabase::Run MysqlDatabase::ReadOnce(const CallContext& call, ReadScope scope,
                                           const SqlOperation& operation) {
  const bool snapshot = scope == ReadScope::kSnapshot;
  const auto kind =
      snapshot ? MysqlConnection::Transaction::kSnapshot : MysqlConnection::Transaction::kNone;
  const auto lease = pool_.Borrow(call, kind);
  if (!lease.ok()) return {lease.status(), false};
  const auto begun_at = std::chrono::steady_clock::now();
  MysqlConnection& connection = *lease.value();
  const WatchedCall watched(connection, call);
  Status status = connection.Begin(kind).status();
  if (status.ok()) status = RunGuarded(operation, connection);
  if (snapshot && !connection.broken()) (void)connection.Rollback();
  const bool again = !status.ok() && IsWorthAnother(status, lease.value(), begun_at);
  return {status, again, connection.unnamed()};
}

}  // namespace satchel
