/// Written by prisma/generator-cpp from prisma/schema.prisma: change that one,
/// then run `make prisma`.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "adapters/sql/sql_connection.h"
#include "base/time.h"

namespace satchel {

enum class DocumentStatus : std::uint8_t { kPending, kCompleted, kFailed };

/// As the database has it.
std::string_view NameOf(DocumentStatus value);
/// nullopt: the database has another value, as a newer schema may.
std::optional<DocumentStatus> ParseDocumentStatus(std::string_view name);

/// A row of rag_document. Texts are not copied: they live as long as what they come from.
/// One document, or what is left of one. Only COMPLETED rows are documents to anybody else.
struct DocumentRow {
  std::string_view id;
  std::optional<DocumentStatus> status;
  std::string_view user_id;
  std::string_view category;
  std::string_view filename;
  /// The object's key while the row holds its name, "released/{id}" after that.
  std::string_view path;
  std::int64_t size;
  std::string_view mime_type;
  Timestamp created_at;
  Timestamp updated_at;
  /// The object's key, also after the name was given up; NULL: the path is the key.
  std::optional<std::string_view> object_key = std::nullopt;
  /// A random value of the upload that owns the row.
  std::optional<std::string_view> attempt = std::nullopt;
  /// The object store's immutable version of the key.
  std::optional<std::string_view> version = std::nullopt;
  /// The multipart upload that must be aborted should the upload fail.
  std::optional<std::string_view> upload_id = std::nullopt;
  /// Of the stored bytes, in hexadecimal.
  std::optional<std::string_view> sha256 = std::nullopt;
  /// A PENDING row whose lease is over is a dead upload.
  std::optional<Timestamp> lease_expires_at = std::nullopt;
  std::optional<Timestamp> deleted_at = std::nullopt;
  /// When the bytes of a FAILED row may go; NULL: never.
  std::optional<Timestamp> purge_after = std::nullopt;
};

inline constexpr int kDocumentColumns = 18;

/// The columns of rag_document in the order of ReadDocumentRow(); a macro so that
/// statements stay constant texts.
#define SATCHEL_DOCUMENT_COLUMNS                                                    \
  "id, status, user_id, category, filename, path, size, mime_type, created_at, "    \
  "updated_at, object_key, attempt, version, upload_id, sha256, lease_expires_at, " \
  "deleted_at, purge_after"

/// The same without what no listing shows.
#define SATCHEL_DOCUMENT_LISTED_COLUMNS                                          \
  "id, status, user_id, category, filename, NULL, size, mime_type, created_at, " \
  "updated_at, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL"

/// Its values: ValuesOf() of a row.
#define SATCHEL_INSERT_DOCUMENT                          \
  "INSERT INTO rag_document (" SATCHEL_DOCUMENT_COLUMNS  \
  ") VALUES ("                                           \
  "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?" \
  ")"

/// The row of a query whose columns begin with those above.
DocumentRow ReadDocumentRow(const SqlRow& row);
std::array<SqlValue, kDocumentColumns> ValuesOf(const DocumentRow& row);

/// A row of user_usage. Texts are not copied: they live as long as what they come from.
/// What a user has stored, and may store.
struct UserUsageRow {
  std::string_view user_id;
  std::int32_t file_count;
  std::int64_t total_bytes;
  /// 1970-01-01: the user never stored a document.
  Timestamp updated_at;
  /// What PENDING rows have reserved.
  std::int64_t reserved_bytes;
  /// The user's own quota; NULL: the default one.
  std::optional<std::int64_t> quota_bytes = std::nullopt;
};

inline constexpr int kUserUsageColumns = 6;

/// The columns of user_usage in the order of ReadUserUsageRow(); a macro so that
/// statements stay constant texts.
#define SATCHEL_USER_USAGE_COLUMNS \
  "user_id, file_count, total_bytes, updated_at, reserved_bytes, quota_bytes"

/// Its values: ValuesOf() of a row.
#define SATCHEL_INSERT_USER_USAGE                       \
  "INSERT INTO user_usage (" SATCHEL_USER_USAGE_COLUMNS \
  ") VALUES ("                                          \
  "?, ?, ?, ?, ?, ?"                                    \
  ")"

/// The row of a query whose columns begin with those above.
UserUsageRow ReadUserUsageRow(const SqlRow& row);
std::array<SqlValue, kUserUsageColumns> ValuesOf(const UserUsageRow& row);

/// A row of satchel_setting. Texts are not copied: they live as long as what they come from.
/// What the replicas agree on: which object store this is, and who sweeps it.
struct SettingRow {
  std::string_view name;
  std::string_view value;
  std::optional<Timestamp> expires_at = std::nullopt;
};

inline constexpr int kSettingColumns = 3;

/// The columns of satchel_setting in the order of ReadSettingRow(); a macro so that
/// statements stay constant texts.
#define SATCHEL_SETTING_COLUMNS "name, value, expires_at"

/// Its values: ValuesOf() of a row.
#define SATCHEL_INSERT_SETTING                            \
  "INSERT INTO satchel_setting (" SATCHEL_SETTING_COLUMNS \
  ") VALUES ("                                            \
  "?, ?, ?"                                               \
  ")"

/// The row of a query whose columns begin with those above.
SettingRow ReadSettingRow(const SqlRow& row);
std::array<SqlValue, kSettingColumns> ValuesOf(const SettingRow& row);

/// A row of satchel_import. Texts are not copied: they live as long as what they come from.
/// Which row of another program's table became which document (`satchel import`). Stays when the
/// document is deleted, so that it is not imported again; goes with a rollback of the import.
struct ImportRow {
  /// Kind, database and table, e.g. "postgresql:platform/rag_context".
  std::string_view source;
  std::int64_t row_id;
  std::string_view document_id;
  std::string_view user_id;
  std::int64_t size;
  /// Of the row's text as it was imported, in hexadecimal.
  std::string_view sha256;
  Timestamp imported_at;
};

inline constexpr int kImportColumns = 7;

/// The columns of satchel_import in the order of ReadImportRow(); a macro so that
/// statements stay constant texts.
#define SATCHEL_IMPORT_COLUMNS "source, row_id, document_id, user_id, size, sha256, imported_at"

/// Its values: ValuesOf() of a row.
#define SATCHEL_INSERT_IMPORT                           \
  "INSERT INTO satchel_import (" SATCHEL_IMPORT_COLUMNS \
  ") VALUES ("                                          \
  "?, ?, ?, ?, ?, ?, ?"                                 \
  ")"

/// The row of a query whose columns begin with those above.
ImportRow ReadImportRow(const SqlRow& row);
std::array<SqlValue, kImportColumns> ValuesOf(const ImportRow& row);

}  // namespace satchel
