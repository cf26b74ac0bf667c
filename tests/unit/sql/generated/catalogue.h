/// Written by prisma/generator-cpp from prisma/schema.prisma: change that one,
/// then run `make prisma`.
#pragma once

#include <string_view>

namespace satchel {

struct ExpectedColumn {
  std::string_view table;
  std::string_view column;
  std::string_view mysql_type;
  std::string_view sqlite_type;
  bool nullable;
  std::string_view mysql_default;  ///< empty: none
  std::string_view sqlite_default;
};

inline constexpr ExpectedColumn kExpectedColumns[] = {
    {"rag_document", "id", "varchar(36)", "TEXT", false, "", ""},
    {"rag_document", "status", "enum('PENDING','COMPLETED','FAILED')", "TEXT", false, "'PENDING'",
     "'PENDING'"},
    {"rag_document", "user_id", "varchar(128)", "TEXT", false, "", ""},
    {"rag_document", "category", "varchar(128)", "TEXT", false, "", ""},
    {"rag_document", "filename", "varchar(255)", "TEXT", false, "", ""},
    {"rag_document", "path", "varchar(534)", "TEXT", false, "", ""},
    {"rag_document", "size", "bigint", "BIGINT", false, "", ""},
    {"rag_document", "mime_type", "varchar(255)", "TEXT", false, "", ""},
    {"rag_document", "created_at", "datetime(3)", "DATETIME", false, "current_timestamp(3)", ""},
    {"rag_document", "updated_at", "datetime(3)", "DATETIME", false, "", ""},
    {"rag_document", "object_key", "varchar(534)", "TEXT", true, "", ""},
    {"rag_document", "attempt", "varchar(64)", "TEXT", true, "", ""},
    {"rag_document", "version", "varchar(1024)", "TEXT", true, "", ""},
    {"rag_document", "upload_id", "varchar(2048)", "TEXT", true, "", ""},
    {"rag_document", "sha256", "varchar(64)", "TEXT", true, "", ""},
    {"rag_document", "lease_expires_at", "datetime(3)", "DATETIME", true, "", ""},
    {"rag_document", "deleted_at", "datetime(3)", "DATETIME", true, "", ""},
    {"rag_document", "purge_after", "datetime(3)", "DATETIME", true, "", ""},
    {"user_usage", "user_id", "varchar(128)", "TEXT", false, "", ""},
    {"user_usage", "file_count", "int", "INTEGER", false, "0", "0"},
    {"user_usage", "total_bytes", "bigint", "BIGINT", false, "0", "0"},
    {"user_usage", "updated_at", "datetime(3)", "DATETIME", false, "", ""},
    {"user_usage", "reserved_bytes", "bigint", "BIGINT", false, "0", "0"},
    {"user_usage", "quota_bytes", "bigint", "BIGINT", true, "", ""},
    {"satchel_setting", "name", "varchar(64)", "TEXT", false, "", ""},
    {"satchel_setting", "value", "varchar(1024)", "TEXT", false, "", ""},
    {"satchel_setting", "expires_at", "datetime(3)", "DATETIME", true, "", ""},
    {"satchel_import", "source", "varchar(255)", "TEXT", false, "", ""},
    {"satchel_import", "row_id", "bigint", "BIGINT", false, "", ""},
    {"satchel_import", "document_id", "varchar(36)", "TEXT", false, "", ""},
    {"satchel_import", "user_id", "varchar(128)", "TEXT", false, "", ""},
    {"satchel_import", "size", "bigint", "BIGINT", false, "", ""},
    {"satchel_import", "sha256", "varchar(64)", "TEXT", false, "", ""},
    {"satchel_import", "imported_at", "datetime(3)", "DATETIME", false, "", ""},
};

/// SQLite has the unique ones; what else it has is made for its own planner.
struct ExpectedIndex {
  std::string_view table;
  std::string_view name;
  std::string_view columns;
  bool unique;
};

inline constexpr ExpectedIndex kExpectedIndexes[] = {
    {"rag_document", "PRIMARY", "id", true},
    {"rag_document", "rag_document_path_key", "path", true},
    {"rag_document", "rag_document_user_id_category_idx", "user_id, category", false},
    {"rag_document", "rag_document_created_at_idx", "created_at", false},
    {"rag_document", "rag_document_user_id_status_created_at_id_idx",
     "user_id, status, created_at, id", false},
    {"rag_document", "rag_document_user_id_category_status_created_at_id_idx",
     "user_id, category, status, created_at, id", false},
    {"rag_document", "rag_document_attempt_user_id_status_idx", "attempt, user_id, status", false},
    {"rag_document", "rag_document_lease_expires_at_idx", "lease_expires_at", false},
    {"rag_document", "rag_document_purge_after_id_idx", "purge_after, id", false},
    {"rag_document", "rag_document_version_idx", "version", false},
    {"rag_document", "rag_document_object_key_idx", "object_key", false},
    {"user_usage", "PRIMARY", "user_id", true},
    {"satchel_setting", "PRIMARY", "name", true},
    {"satchel_import", "PRIMARY", "source, row_id", true},
};

}  // namespace satchel
