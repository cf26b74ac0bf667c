// An upload's edges: reservation, lease, commit, failure.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "adapters/sql/document_rows.h"
#include "adapters/sql/import_rows.h"
#include "adapters/sql/sql_metadata_store.h"
#include "adapters/sql/usage_rows.h"
#include "ports/object_key.h"

namespace satchel {
namespace {

constexpr std::chrono::milliseconds kHolderRetryMin{1000};
constexpr std::chrono::milliseconds kHolderRetryMax{5000};
/// How often a name is tried whose holder has gone when it is asked for.
constexpr int kInsertsMax = 3;

/// Who has the name, or the id, that an upload wants.
struct Holder {
  Document document;
  Timestamp lease_expires_at;
};

/// Where an upload begins.
struct Start {
  Timestamp now;
  bool user_is_known = false;  ///< has a row in user_usage
};

std::string PathOf(const Document& document) {
  return DocumentPath(document.user, document.category, document.filename, document.created_at);
}

/// The row with this path or, failing that, this id.
Result<std::optional<Holder>> FindHolder(SqlConnection& connection, const std::string& path,
                                         const DocumentId& id) {
  std::optional<Holder> holder;
  for (const auto& [sql, value] :
       {std::pair("SELECT " SATCHEL_DOCUMENT_COLUMNS " FROM rag_document WHERE path = ?",
                  std::string_view(path)),
        std::pair("SELECT " SATCHEL_DOCUMENT_COLUMNS " FROM rag_document WHERE id = ?",
                  std::string_view(id.value()))}) {
    auto rows = connection.Query(sql, {value}, [&](const SqlRow& row) {
      const DocumentRow found = ReadDocumentRow(row);
      holder = Holder{DocumentOf(found), found.lease_expires_at.value_or(Timestamp())};
    });
    if (!rows.ok()) return rows.status();
    if (holder) break;
  }
  return holder;
}

/// What a rival of `request` for one path, or one id, is told; OK with the row when the rival is an
/// earlier try of the same attempt, so that a retry charges once.
Result<Document> ResolveRival(const Holder& holder, const ReserveRequest& request, Timestamp now) {
  const Document& document = holder.document;
  if (document.id == request.id) {
    const bool same = document.attempt == request.attempt && document.user == request.user &&
                      document.state == DocumentState::kPending;
    if (same) return document;
  }
  const Status taken = Status(Reason::kDocumentAlreadyExists,
                              "a document of this name was uploaded today already; delete it "
                              "first, or use another name")
                           .WithResource(document.id.value())
                           .WithMetadata("status", std::string(NameOf(document.state)));
  if (document.state != DocumentState::kPending) return taken;
  return taken.WithRetryAfter(
      std::clamp(holder.lease_expires_at - now, kHolderRetryMin, kHolderRetryMax));
}

Status InsertPending(SqlConnection& connection, const Document& document,
                     Timestamp lease_expires_at, bool& rival) {
  const std::string path = PathOf(document);
  const DocumentRow row{.id = document.id.value(),
                        .status = DocumentStatus::kPending,
                        .user_id = document.user.value(),
                        .category = document.category,
                        .filename = document.filename,
                        .path = path,
                        .size = document.size,
                        .mime_type = document.mime_type,
                        .created_at = document.created_at,
                        .updated_at = document.updated_at,
                        .object_key = document.object_key,
                        .attempt = document.attempt.value(),
                        .lease_expires_at = lease_expires_at};
  auto inserted = connection.Execute(SATCHEL_INSERT_DOCUMENT, ValuesOf(row));
  rival = inserted.Is(SqlFailure::kUniqueViolation);
  return rival ? Status() : inserted.status();
}

/// The guarded update that alone decides whether the quota has room; nothing here can overflow for
/// sizes up to 2^62.
Status ReserveBytes(SqlConnection& connection, const ReserveRequest& request) {
  auto reserved = connection.Execute(
      "UPDATE user_usage SET reserved_bytes = reserved_bytes + ? "
      "WHERE user_id = ? AND reserved_bytes <= IFNULL(quota_bytes, ?) - ? - total_bytes",
      {request.size, request.user.value(), request.default_quota, request.size});
  if (!reserved.ok()) return reserved.status();
  if (*reserved == 1) return {};
  SATCHEL_ASSIGN_OR_RETURN(const Usage usage,
                           ReadUsage(connection, request.user, request.default_quota));
  return Status(Reason::kQuotaExceeded,
                "the document does not fit into the user's quota; delete documents, or ask the "
                "operator for more")
      .WithLimitedUser(request.user.value())
      .WithMetadata("limit", std::to_string(usage.quota_bytes))
      .WithMetadata("used", std::to_string(static_cast<std::uint64_t>(usage.total_bytes) +
                                           static_cast<std::uint64_t>(usage.reserved_bytes)))
      .WithMetadata("requested", std::to_string(request.size));
}

Result<Start> ReadStart(SqlConnection& connection, const SqlDialect& dialect, const UserId& user) {
  Start start;
  // Not EXISTS, whose plan TiDB makes anew each time.
  auto rows =
      connection.Query(std::string("SELECT ")
                           .append(dialect.now_column())
                           .append(", COUNT(*) FROM user_usage WHERE user_id = ?"),
                       {user.value()}, [&](const SqlRow& row) {
                         start = {.now = dialect.NowOf(row, 0), .user_is_known = row.Int64(1) != 0};
                       });
  if (!rows.ok()) return rows.status();
  return start;
}

Document PendingDocument(const ReserveRequest& request, Timestamp now) {
  const Timestamp created_at = request.created_at.value_or(now);
  return {.id = request.id,
          .state = DocumentState::kPending,
          .user = request.user,
          .category = request.category,
          .filename = request.filename,
          .object_key = ObjectKey(request.user, request.category, request.filename, created_at),
          .size = request.size,
          .mime_type = request.mime_type,
          .created_at = created_at,
          .updated_at = now,
          .attempt = request.attempt,
          .version = {},
          .sha256 = {},
          .upload = {}};
}

/// The user's row, which all uploads of one user change, comes last: it is held no longer than the
/// commit takes. Documents' rows come before it everywhere but in a user's first upload, so that
/// hardly any two transactions wait for each other; the database ends it where they do.
Result<Document> ReserveIn(SqlConnection& connection, const SqlDialect& dialect,
                           const ReserveRequest& request) {
  SATCHEL_ASSIGN_OR_RETURN(const Start start, ReadStart(connection, dialect, request.user));
  if (!start.user_is_known) {
    SATCHEL_RETURN_IF_ERROR(EnsureUsageRow(connection, dialect, request.user));
  }
  Document document = PendingDocument(request, start.now);
  for (int inserts = 0; inserts < kInsertsMax; ++inserts) {
    bool rival = false;
    SATCHEL_RETURN_IF_ERROR(InsertPending(connection, document, start.now + request.lease, rival));
    if (!rival) {
      SATCHEL_RETURN_IF_ERROR(ReserveBytes(connection, request));
      return document;
    }
    SATCHEL_ASSIGN_OR_RETURN(const std::optional<Holder> holder,
                             FindHolder(connection, PathOf(document), request.id));
    if (holder) return ResolveRival(*holder, request, start.now);
  }
  return InternalError("a unique key of rag_document is taken by no row");
}

Status LostAttempt(const DocumentId& id) {
  return Status(Reason::kUploadAborted, "the upload lost its reservation; start it again")
      .WithResource(id.value())
      .WithRetryAfter(kHolderRetryMin);
}

struct PendingRow {
  Document document;
  Timestamp now;
};

/// The PENDING row of this attempt; UPLOAD_ABORTED when there is none.
Result<PendingRow> FindPending(SqlConnection& connection, const SqlDialect& dialect,
                               const DocumentId& id, const AttemptId& attempt) {
  std::optional<PendingRow> found;
  auto rows = connection.Query(
      std::string("SELECT " SATCHEL_DOCUMENT_COLUMNS ", ")
          .append(dialect.now_column())
          .append(" FROM rag_document WHERE id = ?"),
      {id.value()}, [&](const SqlRow& row) {
        found = PendingRow{DocumentOf(ReadDocumentRow(row)), dialect.NowOf(row, kDocumentColumns)};
      });
  if (!rows.ok()) return rows.status();
  if (!found || found->document.state != DocumentState::kPending ||
      found->document.attempt != attempt) {
    return LostAttempt(id);
  }
  return *std::move(found);
}

/// The edge of the state: exactly one row, or UPLOAD_ABORTED.
Status OneRow(const SqlResult<std::int64_t>& changed, const DocumentId& id) {
  if (!changed.ok()) return changed.status();
  return *changed == 1 ? Status() : LostAttempt(id);
}

enum class Failing : std::uint8_t { kAnyUpload, kExpiredUpload };

Status FailIn(SqlConnection& connection, const SqlDialect& dialect, const DocumentId& id,
              const AttemptId& attempt, Failing failing) {
  SATCHEL_ASSIGN_OR_RETURN(const PendingRow row, FindPending(connection, dialect, id, attempt));
  const Document& document = row.document;
  // object_key before path: MySQL assigns from left to right.
  std::string sql(
      "UPDATE rag_document SET status = 'FAILED', "
      "object_key = COALESCE(object_key, path), path = ?, updated_at = ?, "
      "lease_expires_at = NULL, purge_after = ? "
      "WHERE id = ? AND status = 'PENDING' AND COALESCE(attempt, '') = ?");
  const std::string path = ReleasedPath(id);
  std::vector<SqlValue> values = {path, row.now, kPurgeAtOnce, id.value(), attempt.value()};
  if (failing == Failing::kExpiredUpload) {
    sql.append(" AND lease_expires_at <= ?");
    values.emplace_back(row.now);
  }
  SATCHEL_RETURN_IF_ERROR(OneRow(connection.Execute(sql, values), id));
  // A row that another program wrote has reserved nothing.
  if (attempt.empty()) return {};
  return ChangeUsage(connection, dialect, document.user, {.reserved_bytes = -document.size});
}

}  // namespace

Result<Document> SqlMetadataStore::Reserve(const CallContext& call, const ReserveRequest& request) {
  if (request.size < 1) return InternalError("a reservation of less than one byte");
  Document document;
  SATCHEL_RETURN_IF_ERROR(
      database_->Write(call, Durability::kProcess, [&](SqlConnection& connection) -> Status {
        SATCHEL_ASSIGN_OR_RETURN(document, ReserveIn(connection, database_->dialect(), request));
        return {};
      }));
  return document;
}

Status SqlMetadataStore::RenewLease(const CallContext& call, const DocumentId& id,
                                    const AttemptId& attempt, std::chrono::seconds lease) {
  return database_->Write(call, Durability::kProcess, [&](SqlConnection& connection) -> Status {
    SATCHEL_ASSIGN_OR_RETURN(const Timestamp now, database_->dialect().Now(connection));
    return OneRow(connection.Execute("UPDATE rag_document SET lease_expires_at = ? WHERE "
                                     "id = ? AND status = 'PENDING' AND attempt = ?",
                                     {now + lease, id.value(), attempt.value()}),
                  id);
  });
}

Status SqlMetadataStore::RecordUpload(const CallContext& call, const DocumentId& id,
                                      const AttemptId& attempt, const UploadId& upload) {
  return database_->Write(call, Durability::kProcess, [&](SqlConnection& connection) -> Status {
    return OneRow(connection.Execute("UPDATE rag_document SET upload_id = ? WHERE "
                                     "id = ? AND status = 'PENDING' AND attempt = ?",
                                     {upload.value(), id.value(), attempt.value()}),
                  id);
  });
}

Result<Document> SqlMetadataStore::Complete(const CallContext& call,
                                            const CompleteRequest& request) {
  Document document = request.reserved;
  document.state = DocumentState::kCompleted;
  document.version = request.version;
  document.sha256 = request.sha256;
  const auto complete = [&](SqlConnection& connection) -> Status {
    const SqlDialect& dialect = database_->dialect();
    // Nothing that the usage depends on changes in a row that keeps its attempt.
    const std::string edge =
        std::string(
            "UPDATE rag_document SET status = 'COMPLETED', version = ?, sha256 = ?, "
            "lease_expires_at = NULL, updated_at = ")
            .append(dialect.now_expression())
            .append(" WHERE id = ? AND status = 'PENDING' AND attempt = ?");
    SATCHEL_RETURN_IF_ERROR(
        OneRow(connection.Execute(
                   edge, {document.version.value(), document.sha256.value(), dialect.now_value(),
                          document.id.value(), document.attempt.value()}),
               document.id));
    if (request.imported_from) {
      SATCHEL_RETURN_IF_ERROR(RecordImport(connection, dialect, *request.imported_from, document));
    }
    return ChangeUsage(
        connection, dialect, document.user,
        {.file_count = 1, .total_bytes = document.size, .reserved_bytes = -document.size});
  };
  SATCHEL_RETURN_IF_ERROR(database_->Write(call, Durability::kPowerLoss, complete));
  return document;
}

Status SqlMetadataStore::Fail(const CallContext& call, const DocumentId& id,
                              const AttemptId& attempt) {
  return database_->Write(call, Durability::kProcess, [&](SqlConnection& connection) {
    return FailIn(connection, database_->dialect(), id, attempt, Failing::kAnyUpload);
  });
}

Status SqlMetadataStore::FailExpired(const CallContext& call, const DocumentId& id,
                                     const AttemptId& attempt) {
  return database_->Write(call, Durability::kProcess, [&](SqlConnection& connection) {
    return FailIn(connection, database_->dialect(), id, attempt, Failing::kExpiredUpload);
  });
}

Status SqlMetadataStore::Forget(const CallContext& call, const DocumentId& id,
                                const AttemptId& attempt) {
  return database_->Write(call, Durability::kProcess, [&](SqlConnection& connection) {
    return connection
        .Execute(
            "DELETE FROM rag_document "
            "WHERE id = ? AND status = 'FAILED' AND COALESCE(attempt, '') = ?",
            {id.value(), attempt.value()})
        .status();
  });
}

Result<std::optional<Document>> SqlMetadataStore::FindAttempt(const CallContext& call,
                                                              const DocumentId& id,
                                                              const AttemptId& attempt) {
  std::optional<Document> document;
  // Not a read: a commit whose sync failed can be read, and is lost in a power loss all the same;
  // and one whose answer was lost may still be under way, which the row's lock waits for.
  const auto find = [&](SqlConnection& connection) -> Status {
    document.reset();
    return connection
        .Query(std::string("SELECT " SATCHEL_DOCUMENT_COLUMNS " FROM rag_document WHERE id = ?")
                   .append(database_->dialect().for_update()),
               {id.value()},
               [&](const SqlRow& row) { document = DocumentOf(ReadDocumentRow(row)); })
        .status();
  };
  SATCHEL_RETURN_IF_ERROR(database_->Write(call, Durability::kPowerLoss, find));
  if (document && document->attempt != attempt) return std::optional<Document>();
  return document;
}

}  // namespace satchel
