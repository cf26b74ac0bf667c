/// Written by prisma/generator-cpp from prisma/schema.prisma: change that one,
/// then run `make prisma`.
#include "adapters/sql/generated/schema.h"

namespace satchel {
namespace {

std::optional<std::string_view> OptionalText(const SqlRow& row, int column) {
  return row.IsNull(column) ? std::nullopt : std::optional(row.Text(column));
}

std::optional<std::int64_t> OptionalInt64(const SqlRow& row, int column) {
  return row.IsNull(column) ? std::nullopt : std::optional(row.Int64(column));
}

std::optional<Timestamp> OptionalTime(const SqlRow& row, int column) {
  return row.IsNull(column) ? std::nullopt : std::optional(row.Time(column));
}

template <typename T>
SqlValue OptionalValue(const std::optional<T>& value) {
  return value ? SqlValue(*value) : SqlValue(nullptr);
}

}  // namespace

std::string_view NameOf(DocumentStatus value) {
  switch (value) {
    case DocumentStatus::kPending:
      return "PENDING";
    case DocumentStatus::kCompleted:
      return "COMPLETED";
    case DocumentStatus::kFailed:
      return "FAILED";
  }
  return "";
}

std::optional<DocumentStatus> ParseDocumentStatus(std::string_view name) {
  for (const DocumentStatus value :
       {DocumentStatus::kPending, DocumentStatus::kCompleted, DocumentStatus::kFailed}) {
    if (NameOf(value) == name) return value;
  }
  return std::nullopt;
}

DocumentRow ReadDocumentRow(const SqlRow& row) {
  return {.id = row.Text(0),
          .status = ParseDocumentStatus(row.Text(1)),
          .user_id = row.Text(2),
          .category = row.Text(3),
          .filename = row.Text(4),
          .path = row.Text(5),
          .size = row.Int64(6),
          .mime_type = row.Text(7),
          .created_at = row.Time(8),
          .updated_at = row.Time(9),
          .object_key = OptionalText(row, 10),
          .attempt = OptionalText(row, 11),
          .version = OptionalText(row, 12),
          .upload_id = OptionalText(row, 13),
          .sha256 = OptionalText(row, 14),
          .lease_expires_at = OptionalTime(row, 15),
          .deleted_at = OptionalTime(row, 16),
          .purge_after = OptionalTime(row, 17)};
}

std::array<SqlValue, kDocumentColumns> ValuesOf(const DocumentRow& row) {
  return {row.id,
          row.status ? SqlValue(NameOf(*row.status)) : SqlValue(nullptr),
          row.user_id,
          row.category,
          row.filename,
          row.path,
          row.size,
          row.mime_type,
          row.created_at,
          row.updated_at,
          OptionalValue(row.object_key),
          OptionalValue(row.attempt),
          OptionalValue(row.version),
          OptionalValue(row.upload_id),
          OptionalValue(row.sha256),
          OptionalValue(row.lease_expires_at),
          OptionalValue(row.deleted_at),
          OptionalValue(row.purge_after)};
}

UserUsageRow ReadUserUsageRow(const SqlRow& row) {
  return {.user_id = row.Text(0),
          .file_count = static_cast<std::int32_t>(row.Int64(1)),
          .total_bytes = row.Int64(2),
          .updated_at = row.Time(3),
          .reserved_bytes = row.Int64(4),
          .quota_bytes = OptionalInt64(row, 5)};
}

std::array<SqlValue, kUserUsageColumns> ValuesOf(const UserUsageRow& row) {
  return {row.user_id,    std::int64_t{row.file_count}, row.total_bytes,
          row.updated_at, row.reserved_bytes,           OptionalValue(row.quota_bytes)};
}

SettingRow ReadSettingRow(const SqlRow& row) {
  return {.name = row.Text(0), .value = row.Text(1), .expires_at = OptionalTime(row, 2)};
}

std::array<SqlValue, kSettingColumns> ValuesOf(const SettingRow& row) {
  return {row.name, row.value, OptionalValue(row.expires_at)};
}

ImportRow ReadImportRow(const SqlRow& row) {
  return {.source = row.Text(0),
          .row_id = row.Int64(1),
          .document_id = row.Text(2),
          .user_id = row.Text(3),
          .size = row.Int64(4),
          .sha256 = row.Text(5),
          .imported_at = row.Time(6)};
}

std::array<SqlValue, kImportColumns> ValuesOf(const ImportRow& row) {
  return {row.source, row.row_id, row.document_id, row.user_id,
          row.size,   row.sha256, row.imported_at};
}

}  // namespace satchel
