#include "adapters/sql/sqlite_database.h"

#include <exception>
#include <utility>

namespace satchel {
namespace {

/// A file up to this size is checked whole when it is opened: some milliseconds.
constexpr std::int64_t kCheckedFileBytesMax = 8 * 1024 * 1024;
/// The same when there is a log, left by a crash or by the file before a restored one: a second.
constexpr std::int64_t kCheckedFileWithLogBytesMax = 128 * 1024 * 1024;
/// Frames of 4 KiB that the log grows by before it is moved to the file.
constexpr int kCheckpointFrames = 4000;
/// With so many frames writers wait for readers, to let the log start over: 256 MiB.
constexpr int kLogFramesMax = 65536;

Status Unusable(const std::string& path, const SqlError& error) {
  switch (error.failure) {
    case SqlFailure::kCorrupt:
      return ConfigurationError("the database file " + path +
                                " is damaged or is no SQLite database: put back a backup of it, "
                                "after moving " +
                                path + ", " + path + "-wal and " + path +
                                "-shm away (a log that stays would ruin the backup)")
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

}  // namespace

SqliteDatabase::SqliteDatabase(const SqliteDatabaseOptions& options, std::string path,
                               std::unique_ptr<SqliteFileLock> lock)
    : path_(std::move(path)),
      lock_(std::move(lock)),
      dialect_(*options.clock),
      readers_max_(options.read_connections),
      readers_to_open_(options.read_connections),
      group_commit_([this](auto batch) { RunBatch(batch); }, [this] { Maintain(); }) {}

SqliteDatabase::~SqliteDatabase() {
  if (log_ && log_->failed()) DropWriter();
}

Result<std::unique_ptr<SqliteDatabase>> SqliteDatabase::Open(const SqliteDatabaseOptions& options) {
  if (options.path.empty() || options.path == ":memory:") {
    return ConfigurationError("the database needs the path of a file, not \"" + options.path +
                              "\"");
  }
  std::string path = SqlitePathOf(options.path);
  SATCHEL_ASSIGN_OR_RETURN(std::unique_ptr<SqliteFileLock> lock, SqliteFileLock::Take(path));
  SATCHEL_RETURN_IF_ERROR(MakeSqliteFile(path, options.create));
  std::unique_ptr<SqliteDatabase> database(
      // tidy-allow(raw-new): the constructor is private, make_unique cannot reach it
      new SqliteDatabase(options, std::move(path), std::move(lock)));
  const Status opened = database->OpenFirst();
  if (!opened.ok()) {
    database->DropWriter();
    return opened;
  }
  return database;
}

Status SqliteDatabase::OpenFirst() {
  if (auto opened = OpenWriter(); !opened.ok()) return Unusable(path_, opened.error());
  // Through the log, before it moves: one that belongs to another file is seen while this file is
  // still what it was.
  SATCHEL_RETURN_IF_ERROR(Check());
  if (auto started = StartLog(); !started.ok()) return Unusable(path_, started.error());
  return {};
}

Status SqliteDatabase::Check() {
  const std::int64_t checked_max =
      SqliteFileSize(path_ + "-wal") > 0 ? kCheckedFileWithLogBytesMax : kCheckedFileBytesMax;
  const bool whole = SqliteFileSize(path_) <= checked_max;
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
  DropWriter();
  // With the last connection goes SQLite's index of the log. The next one makes it anew from what
  // the log really holds, checksum by checksum, so that nothing that was lost is taken for written.
  CloseReaders();
  auto opened = OpenWriter();
  if (opened.ok()) opened = StartLog();
  if (!opened.ok()) DropWriter();
  AllowReaders();
  return opened;
}

SqlResult<std::int64_t> SqliteDatabase::OpenWriter() {
  auto opened = SqliteConnection::Open(path_, SqliteConnection::Role::kWriter);
  if (!opened.ok()) return opened.error();
  writer_ = std::move(opened).value();
  return std::int64_t{0};
}

SqlResult<std::int64_t> SqliteDatabase::StartLog() {
  // After a failed sync the kernel may call pages of the log clean that never reached the disk, and
  // a later sync would not write them. So nothing goes on top of what the log holds.
  auto emptied = writer_->CheckpointTruncate();
  if (!emptied.ok()) return emptied;
  auto log = SqliteLogSync::Open(path_ + "-wal");
  if (!log.ok()) return log.error();
  log_ = std::move(log).value();
  checkpointed_frames_ = 0;
  return emptied;
}

void SqliteDatabase::DropWriter() {
  if (writer_) writer_->KeepLogOnClose();
  writer_.reset();
}

Status SqliteDatabase::Write(const CallContext& call, Durability durability,
                             const SqlOperation& operation) {
  GroupCommit::Write write{call, operation, Status(), false, nullptr, 0};
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
  if (writer_ && writer_->in_transaction() && !writer_->Execute("ROLLBACK").ok()) DropWriter();
  for (auto* write : batch) {
    // Those that failed by themselves keep their own answer, unless they read what is now undone.
    if (!write->result.ok() && (ran.ok() || !write->ran)) continue;
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
  write.ran = true;
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
  DropWriter();
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

void SqliteDatabase::CloseReaders() {
  std::unique_lock lock(readers_mutex_);
  readers_closed_ = true;
  readers_to_open_ += static_cast<int>(idle_readers_.size());
  idle_readers_.clear();
  reader_returned_.wait(lock, [&] { return readers_to_open_ == readers_max_; });
}

void SqliteDatabase::AllowReaders() {
  const std::lock_guard lock(readers_mutex_);
  readers_closed_ = false;
  reader_returned_.notify_all();
}

Result<std::unique_ptr<SqliteConnection>> SqliteDatabase::BorrowReader(const CallContext& call) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  {
    std::unique_lock lock(readers_mutex_);
    const auto available = [&] {
      return !readers_closed_ && (!idle_readers_.empty() || readers_to_open_ > 0);
    };
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
    if (readers_closed_) reader.reset();
    if (reader) {
      idle_readers_.push_back(std::move(reader));
    } else {
      ++readers_to_open_;
    }
  }
  reader_returned_.notify_all();
}

}  // namespace satchel
