#include "adapters/sql/migrator.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/identifiers.h"
#include "base/text.h"

namespace satchel {
namespace {

constexpr std::string_view kBook = "_prisma_migrations";

/// What the book says of one name, rows that were rolled back left out.
struct BookEntry {
  bool finished = false;
  std::string checksum;
  std::string logs;
};

MigrationState StateOf(const BookEntry& entry, const Migration& migration) {
  if (!entry.finished) return MigrationState::kFailed;
  return entry.checksum == migration.checksum ? MigrationState::kApplied : MigrationState::kChanged;
}

/// Prisma's column holds 64 KiB.
constexpr std::size_t kLogBytesMax = 16 * 1024;

Status StartEntry(SqlConnection& connection, const SqlDialect& dialect,
                  const Migration& migration) {
  SecureIdGenerator ids;
  SATCHEL_ASSIGN_OR_RETURN(const Timestamp now, dialect.Now(connection));
  return connection
      .Execute(
          "INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, "
          "applied_steps_count) VALUES (?, ?, ?, ?, 0)",
          {ids.NewDocumentId().value(), migration.checksum, migration.name, now})
      .status();
}

Status LogFailure(SqlConnection& connection, const Migration& migration, const SqlError& error) {
  const std::string logs = TruncateUtf8(ToValidUtf8(error.text), kLogBytesMax);
  return connection
      .Execute(
          "UPDATE _prisma_migrations SET logs = ? WHERE migration_name = ? "
          "AND finished_at IS NULL AND rolled_back_at IS NULL",
          {logs, migration.name})
      .status();
}

/// The error says at which statement it ended.
SqlResult<std::int64_t> RunScript(SqlConnection& connection, const SqlDialect& dialect,
                                  std::string_view script) {
  const std::vector<std::string_view> statements = dialect.SplitScript(script);
  std::size_t number = 0;
  for (const std::string_view statement : statements) {
    ++number;
    auto ran = connection.ExecuteScript(statement);
    if (ran.ok()) continue;
    SqlError error = ran.error();
    if (statements.size() > 1) {
      error.text = "statement " + std::to_string(number) + " of " +
                   std::to_string(statements.size()) + ": " + error.text;
    }
    return error;
  }
  return static_cast<std::int64_t>(statements.size());
}

/// Whether the migration is to blame, and not what the database was in at that moment. Of one that
/// stays half done the book has to say so in any case, as long as there is a session to say it in.
bool IsOfTheMigration(const SqlError& error, const SqlDialect& dialect) {
  switch (error.failure) {
    case SqlFailure::kOther:
    case SqlFailure::kUniqueViolation:
      return true;
    case SqlFailure::kRetryable:
    case SqlFailure::kFull:
    case SqlFailure::kCorrupt:
      return !dialect.undoes_schema_changes();
    case SqlFailure::kUnavailable:
    case SqlFailure::kReadOnly:
    case SqlFailure::kDenied:
    case SqlFailure::kOutcomeUnknown:
    case SqlFailure::kInterrupted:
      return false;
  }
  return false;
}

}  // namespace

/// One try to apply the next pending migration.
struct Migrator::Attempt {
  const Migration* migration = nullptr;  ///< nullptr: none was pending
  std::optional<SqlError> failure;       ///< of the migration's own SQL
};

std::string_view NameOf(MigrationState state) {
  switch (state) {
    case MigrationState::kApplied:
      return "applied";
    case MigrationState::kPending:
      return "pending";
    case MigrationState::kFailed:
      return "failed";
    case MigrationState::kChanged:
      return "changed";
    case MigrationState::kUnknown:
      return "unknown";
  }
  return "";
}

Migrator::Migrator(std::shared_ptr<SqlDatabase> database, std::span<const Migration> migrations)
    : database_(std::move(database)), migrations_(migrations) {}

const Migration* Migrator::Find(std::string_view name) const {
  const auto found = std::find_if(migrations_.begin(), migrations_.end(),
                                  [&](const Migration& one) { return one.name == name; });
  return found == migrations_.end() ? nullptr : &*found;
}

Result<std::vector<MigrationReport>> Migrator::ReadBook(SqlConnection& connection) const {
  std::map<std::string, BookEntry, std::less<>> entries;
  auto book = connection.Query(database_->dialect().table_exists(), {kBook}, [](const SqlRow&) {});
  if (!book.ok()) return book.status();
  if (*book > 0) {
    auto rows = connection.Query(
        "SELECT migration_name, checksum, finished_at, logs FROM _prisma_migrations "
        "WHERE rolled_back_at IS NULL ORDER BY started_at",
        {}, [&](const SqlRow& row) {
          BookEntry& entry = entries[std::string(row.Text(0))];
          if (entry.finished) return;
          entry = {!row.IsNull(2), std::string(row.Text(1)), std::string(row.Text(3))};
        });
    if (!rows.ok()) return rows.status();
  }
  std::vector<MigrationReport> reports;
  for (const Migration& migration : migrations_) {
    MigrationReport report{std::string(migration.name), MigrationState::kPending, ""};
    if (const auto found = entries.find(migration.name); found != entries.end()) {
      report.state = StateOf(found->second, migration);
      report.logs = found->second.logs;
      entries.erase(found);
    }
    reports.push_back(std::move(report));
  }
  for (const auto& [name, entry] : entries) {
    const MigrationState state =
        entry.finished ? MigrationState::kUnknown : MigrationState::kFailed;
    reports.push_back({name, state, entry.logs});
  }
  return reports;
}

Status Migrator::FindObstacle(const std::vector<MigrationReport>& reports) const {
  for (const MigrationReport& report : reports) {
    if (report.state == MigrationState::kFailed && report.logs.empty()) {
      return ConfigurationError("the migration " + report.name +
                                " began and has not ended: it runs now, or was interrupted; if no "
                                "process runs it, repair the schema, then settle it with "
                                "`satchel migrate resolve`");
    }
    if (report.state == MigrationState::kFailed) {
      return ConfigurationError("the migration " + report.name +
                                " failed halfway; repair the schema, then settle it with "
                                "`satchel migrate resolve`")
          .WithCause(report.logs);
    }
    if (report.state == MigrationState::kChanged) {
      return ConfigurationError("the migration " + report.name +
                                " was applied with other SQL than this program has; use the "
                                "program that applied it");
    }
    if (report.state == MigrationState::kUnknown) {
      const std::string newest =
          migrations_.empty() ? "none" : std::string(migrations_.back().name);
      return ConfigurationError(
          "the database's schema is newer than this program: it has the "
          "migration " +
          report.name + ", the newest one known here is " + newest + "; use the newer program");
    }
  }
  return {};
}

Result<std::vector<MigrationReport>> Migrator::ReadStates(const CallContext& call) {
  std::vector<MigrationReport> reports;
  SATCHEL_RETURN_IF_ERROR(
      database_->Read(call, ReadScope::kSnapshot, [&](SqlConnection& connection) -> Status {
        SATCHEL_ASSIGN_OR_RETURN(reports, ReadBook(connection));
        return {};
      }));
  return reports;
}

Status Migrator::CheckCurrent(const CallContext& call) {
  SATCHEL_ASSIGN_OR_RETURN(const auto reports, ReadStates(call));
  SATCHEL_RETURN_IF_ERROR(FindObstacle(reports));
  for (const MigrationReport& report : reports) {
    if (report.state != MigrationState::kPending) continue;
    return ConfigurationError("the database's schema is older than this program: the migration " +
                              report.name +
                              " is pending; run `satchel migrate deploy`, or set "
                              "MIGRATE_ON_START=true");
  }
  return {};
}

Result<std::vector<std::string>> Migrator::Deploy(const CallContext& call) {
  std::vector<std::string> applied;
  for (;;) {
    Attempt attempt;
    const Status status = database_->Migrate(call, [&](SqlConnection& connection) {
      attempt = {};
      return ApplyNext(connection, attempt);
    });
    if (attempt.failure) return ReportFailure(call, attempt);
    SATCHEL_RETURN_IF_ERROR(status);
    if (attempt.migration == nullptr) return applied;
    applied.emplace_back(attempt.migration->name);
  }
}

Status Migrator::ApplyNext(SqlConnection& connection, Attempt& attempt) const {
  const SqlDialect& dialect = database_->dialect();
  auto book = connection.Execute(dialect.create_migration_book());
  if (!book.ok()) return book.status();
  SATCHEL_ASSIGN_OR_RETURN(const auto reports, ReadBook(connection));
  SATCHEL_RETURN_IF_ERROR(FindObstacle(reports));
  const auto pending = std::find_if(reports.begin(), reports.end(), [](const auto& report) {
    return report.state == MigrationState::kPending;
  });
  if (pending == reports.end()) return {};
  const Migration& migration = *Find(pending->name);
  SATCHEL_RETURN_IF_ERROR(StartEntry(connection, dialect, migration));
  attempt.migration = &migration;
  auto ran = RunScript(connection, dialect, migration.sql);
  if (!ran.ok() && IsOfTheMigration(ran.error(), dialect)) {
    attempt.failure = ran.error();
    // Otherwise what ran goes with its transaction, the book's entry too.
    if (!dialect.undoes_schema_changes()) {
      return LogFailure(connection, migration, *attempt.failure);
    }
  }
  if (!ran.ok()) return ran.status();
  SATCHEL_ASSIGN_OR_RETURN(const Timestamp finished, dialect.Now(connection));
  return connection
      .Execute(
          "UPDATE _prisma_migrations SET finished_at = ?, applied_steps_count = 1 "
          "WHERE migration_name = ? AND finished_at IS NULL AND rolled_back_at IS NULL",
          {finished, migration.name})
      .status();
}

Status Migrator::ReportFailure(const CallContext& call, const Attempt& attempt) {
  const Migration& migration = *attempt.migration;
  const SqlDialect& dialect = database_->dialect();
  if (dialect.undoes_schema_changes()) {
    SATCHEL_RETURN_IF_ERROR(database_->Migrate(call, [&](SqlConnection& connection) -> Status {
      auto book = connection.Execute(dialect.create_migration_book());
      if (!book.ok()) return book.status();
      SATCHEL_RETURN_IF_ERROR(StartEntry(connection, dialect, migration));
      return LogFailure(connection, migration, *attempt.failure);
    }));
  }
  return ConfigurationError("the migration " + std::string(migration.name) +
                            " failed; repair the schema, then settle it with "
                            "`satchel migrate resolve`")
      .WithCause(attempt.failure->text);
}

Status Migrator::Resolve(const CallContext& call, const std::string& name,
                         MigrationResolution resolution) {
  return database_->Migrate(
      call, [&](SqlConnection& connection) { return ResolveIn(connection, name, resolution); });
}

Status Migrator::ResolveIn(SqlConnection& connection, const std::string& name,
                           MigrationResolution resolution) const {
  const SqlDialect& dialect = database_->dialect();
  SATCHEL_ASSIGN_OR_RETURN(const auto reports, ReadBook(connection));
  const auto report = std::find_if(reports.begin(), reports.end(),
                                   [&](const auto& one) { return one.name == name; });
  // One that a newer program left failed can be rolled back without that program, but what it would
  // have done is not known here.
  const Migration* const migration = Find(name);
  const bool applies = resolution == MigrationResolution::kApplied;
  if (report == reports.end() || (applies && migration == nullptr)) {
    return ConfigurationError("there is no migration " + name + " in this program");
  }
  const bool failed = report->state == MigrationState::kFailed;
  if (!applies && !failed) {
    return ConfigurationError("the migration " + name + " is " +
                              std::string(NameOf(report->state)) +
                              "; only a failed one can be marked as rolled back");
  }
  if (!failed && report->state != MigrationState::kPending) {
    return ConfigurationError("the migration " + name + " is applied already");
  }
  auto book = connection.Execute(dialect.create_migration_book());
  if (!book.ok()) return book.status();
  SATCHEL_ASSIGN_OR_RETURN(const Timestamp now, dialect.Now(connection));
  auto settled = connection.Execute(
      "UPDATE _prisma_migrations SET rolled_back_at = ? WHERE migration_name = ? "
      "AND finished_at IS NULL AND rolled_back_at IS NULL",
      {now, name});
  if (!settled.ok() || !applies) return settled.status();
  SATCHEL_RETURN_IF_ERROR(StartEntry(connection, dialect, *migration));
  // Prisma counts no steps for a migration that it was told of.
  return connection
      .Execute(
          "UPDATE _prisma_migrations SET finished_at = ? WHERE migration_name = ? "
          "AND finished_at IS NULL AND rolled_back_at IS NULL",
          {now, name})
      .status();
}

}  // namespace satchel
