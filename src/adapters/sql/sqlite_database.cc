#include "adapters/sql/sqlite_database.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <filesystem>
#include <system_error>
#include <utility>

namespace satchel {
namespace {

/// A file up to this size is checked whole when it is opened: some milliseconds.
constexpr std::int64_t kCheckedFileBytesMax = 8 * 1024 * 1024;
/// Frames of 4 KiB that the log grows by before it is moved to the file.
constexpr int kCheckpointFrames = 4000;
/// With so many frames writers wait for readers, to let the log start over: 256 MiB.
constexpr int kLogFramesMax = 65536;

Status Unusable(const std::string& path, const SqlError& error) {
  switch (error.failure) {
    case SqlFailure::kCorrupt:
      return ConfigurationError("the database file " + path +
                                " is damaged or is no SQLite database: put back a backup of it, "
                                "or move it away to start with an empty one")
          .WithCause(error.text);
    case SqlFailure::kUnavailable:
      return ConfigurationError("the database file " + path +
                                " cannot be used: check that this user may read and write it and "
                                "its folder, and that the disk works")
          .WithCause(error.text);
    default:
      return ToStatus(error).WithContext("the database file " + path);
  }
}

/// A new file that only its owner may read: the log beside it takes over its mode.
Status CreateIfMissing(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file >= 0) {
    ::close(file);
    return {};
  }
  // Never open an existing one here: closing it would drop SQLite's locks on it.
  if (errno == EEXIST) return {};
  return ConfigurationError("the database file " + path + " cannot be made")
      .WithCause(std::generic_category().message(errno));
}

}  // namespace

SqliteDatabase::SqliteDatabase(const SqliteDatabaseOptions& options)
    : path_(options.path),
      dialect_(*options.clock),
      readers_to_open_(options.read_connections),
      group_commit_([this](auto batch) { RunBatch(batch); }, [this] { Maintain(); }) {}

SqliteDatabase::~SqliteDatabase() = default;

Result<std::unique_ptr<SqliteDatabase>> SqliteDatabase::Open(const SqliteDatabaseOptions& options) {
  if (options.path.empty() || options.path == ":memory:") {
    return ConfigurationError("the database needs the path of a file, not \"" + options.path +
                              "\"");
  }
  SATCHEL_RETURN_IF_ERROR(CreateIfMissing(options.path));
  // tidy-allow(raw-new): the constructor is private, make_unique cannot reach it
  std::unique_ptr<SqliteDatabase> database(new SqliteDatabase(options));
  if (auto opened = database->ReopenWriter(); !opened.ok()) {
    return Unusable(options.path, opened.error());
  }
  SATCHEL_RETURN_IF_ERROR(database->Check());
  return database;
}

Status SqliteDatabase::Check() {
  std::error_code error;
  const auto size = static_cast<std::int64_t>(std::filesystem::file_size(path_, error));
  const bool whole = !error && size <= kCheckedFileBytesMax;
  std::string finding = "ok";
  auto checked =
      whole ? writer_->Query("PRAGMA quick_check(1)", {},
                             [&](const SqlRow& row) { finding = row.Text(0); })
            : writer_->Query("SELECT COUNT(*) FROM sqlite_master", {}, [](const SqlRow&) {});
  if (!checked.ok()) return Unusable(path_, checked.error());
  if (finding != "ok") return Unusable(path_, {SqlFailure::kCorrupt, finding});
  return {};
}

SqlResult<std::int64_t> SqliteDatabase::ReopenWriter() {
  writer_.reset();
  auto opened = SqliteConnection::Open(path_, SqliteConnection::Role::kWriter);
  if (!opened.ok()) return opened.error();
  auto writer = std::move(opened).value();
  // After a failed sync the kernel may call pages of the log clean that never reached the disk, and
  // a later sync would not write them. So nothing goes on top of what the log holds.
  auto emptied = writer->CheckpointTruncate();
  if (!emptied.ok()) return emptied;
  auto log = SqliteLogSync::Open(path_ + "-wal");
  if (!log.ok()) return log.error();
  log_ = std::move(log).value();
  writer_ = std::move(writer);
  checkpointed_frames_ = 0;
  return emptied;
}

Status SqliteDatabase::Write(const CallContext& call, Durability durability,
                             const SqlOperation& operation) {
  GroupCommit::Write write{call, operation, Status(), nullptr, 0};
  group_commit_.Run(write);
  if (!write.result.ok() || durability == Durability::kProcess) return write.result;
  return write.log->WaitUntilDurable(write.commit);
}

SqlResult<std::int64_t> SqliteDatabase::PrepareWriter() {
  if (!writer_ || writer_->broken() || log_->failed()) {
    if (auto reopened = ReopenWriter(); !reopened.ok()) return reopened;
  }
  return writer_->Execute("BEGIN IMMEDIATE");
}

void SqliteDatabase::RunBatch(std::span<GroupCommit::Write* const> batch) {
  auto ran = PrepareWriter();
  if (ran.ok()) ran = RunOperations(batch);
  if (ran.ok()) ran = Commit();
  const std::uint64_t commit = ran.ok() ? log_->NoteCommit() : 0;
  if (writer_ && writer_->in_transaction() && !writer_->Execute("ROLLBACK").ok()) writer_.reset();
  for (auto* write : batch) {
    // Those that failed by themselves keep their own answer.
    if (!write->result.ok()) continue;
    write->result = ran.status();
    write->log = log_;
    write->commit = commit;
  }
}

SqlResult<std::int64_t> SqliteDatabase::RunOperations(std::span<GroupCommit::Write* const> batch) {
  for (auto* write : batch) {
    write->result = write->call.Check();
    if (!write->result.ok()) continue;
    if (auto ran = RunOperation(*write); !ran.ok()) return ran;
  }
  return std::int64_t{0};
}

SqlResult<std::int64_t> SqliteDatabase::RunOperation(GroupCommit::Write& write) {
  if (auto marked = writer_->Execute("SAVEPOINT operation"); !marked.ok()) return marked;
  try {
    write.result = write.operation(*writer_);
  } catch (const std::exception& error) {
    write.result = InternalError(error.what());
  }
  if (!writer_->in_transaction()) {
    // SQLite undid everything by itself, the other operations of the batch with it.
    return SqlError{SqlFailure::kUnavailable, "the transaction was lost: " + write.result.cause()};
  }
  if (!write.result.ok()) {
    if (auto undone = writer_->Execute("ROLLBACK TO operation"); !undone.ok()) return undone;
  }
  return writer_->Execute("RELEASE operation");
}

SqlResult<std::int64_t> SqliteDatabase::Commit() {
  auto committed = writer_->Execute("COMMIT");
  if (committed.ok()) return committed;
  const bool undone = committed.Is(SqlFailure::kFull) || committed.Is(SqlFailure::kRetryable);
  // Any other failure may have come after the log had the commit: a restart can find it there.
  if (undone) return committed;
  writer_.reset();
  return SqlError{SqlFailure::kOutcomeUnknown, committed.error().text};
}

void SqliteDatabase::Maintain() {
  if (!writer_ || writer_->broken()) return;
  const int frames = writer_->wal_frames();
  if (frames < checkpointed_frames_) checkpointed_frames_ = 0;  // the log started over
  if (frames - checkpointed_frames_ < kCheckpointFrames) return;
  // A failure costs nothing now: the log keeps everything, and the next batch opens a broken
  // connection anew.
  const auto moved =
      frames < kLogFramesMax ? writer_->CheckpointPassive() : writer_->CheckpointTruncate();
  checkpointed_frames_ = moved.ok() ? writer_->wal_frames() : frames;
}

Status SqliteDatabase::Read(const CallContext& call, ReadScope scope,
                            const SqlOperation& operation) {
  SATCHEL_ASSIGN_OR_RETURN(auto reader, BorrowReader(call));
  reader->Watch(&call);
  Status result;
  if (scope == ReadScope::kSnapshot) result = reader->Execute("BEGIN").status();
  if (result.ok()) {
    try {
      result = operation(*reader);
    } catch (const std::exception& error) {
      result = InternalError(error.what());
    }
  }
  reader->Watch(nullptr);
  if (reader->in_transaction() && !reader->Execute("COMMIT").ok()) {
    reader.reset();
  } else if (reader->broken()) {
    reader.reset();
  }
  ReturnReader(std::move(reader));
  if (result.Is(Reason::kDeadlineExceeded) && call.cancelled()) return call.Check();
  return result;
}

Result<std::unique_ptr<SqliteConnection>> SqliteDatabase::BorrowReader(const CallContext& call) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  {
    std::unique_lock lock(readers_mutex_);
    const auto available = [&] { return !idle_readers_.empty() || readers_to_open_ > 0; };
    if (call.deadline() == CallContext::SteadyTime::max()) {
      reader_returned_.wait(lock, available);
    } else if (!reader_returned_.wait_until(lock, call.deadline(), available)) {
      return call.Check();
    }
    if (!idle_readers_.empty()) {
      auto reader = std::move(idle_readers_.back());
      idle_readers_.pop_back();
      return reader;
    }
    --readers_to_open_;
  }
  auto opened = SqliteConnection::Open(path_, SqliteConnection::Role::kReader);
  if (opened.ok()) return std::move(opened).value();
  ReturnReader(nullptr);
  return opened.status();
}

void SqliteDatabase::ReturnReader(std::unique_ptr<SqliteConnection> reader) {
  {
    const std::lock_guard lock(readers_mutex_);
    if (reader) {
      idle_readers_.push_back(std::move(reader));
    } else {
      ++readers_to_open_;
    }
  }
  reader_returned_.notify_one();
}

}  // namespace satchel
