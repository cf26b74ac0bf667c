#include "adapters/sql/sql_metadata_store.h"

#include <utility>

#include "adapters/sql/generated/schema.h"

namespace satchel {
namespace {

constexpr std::string_view kStoreIdSetting = "store_id";
constexpr std::string_view kSweeperLeaseSetting = "sweeper_lease";

Result<std::optional<std::string>> ReadSetting(SqlConnection& connection, std::string_view name) {
  std::optional<std::string> value;
  auto rows = connection.Query("SELECT value FROM satchel_setting WHERE name = ?", {name},
                               [&](const SqlRow& row) { value = std::string(row.Text(0)); });
  if (!rows.ok()) return rows.status();
  return value;
}

}  // namespace

SqlMetadataStore::SqlMetadataStore(std::shared_ptr<SqlDatabase> database)
    : database_(std::move(database)) {}

SqlMetadataStore::~SqlMetadataStore() = default;

Status SqlMetadataStore::Probe(const CallContext& call) {
  // A write, of no row: a database that only reads is not one that works.
  return database_->Write(call, Durability::kProcess, [](SqlConnection& connection) {
    return connection.Execute("UPDATE satchel_setting SET value = value WHERE name = ''").status();
  });
}

Result<Timestamp> SqlMetadataStore::Now(const CallContext& call) {
  Timestamp now;
  SATCHEL_RETURN_IF_ERROR(
      database_->Read(call, ReadScope::kStatement, [&](SqlConnection& connection) -> Status {
        SATCHEL_ASSIGN_OR_RETURN(now, database_->dialect().Now(connection));
        return {};
      }));
  return now;
}

Result<std::optional<StoreId>> SqlMetadataStore::ReadStoreId(const CallContext& call) {
  std::optional<std::string> value;
  SATCHEL_RETURN_IF_ERROR(
      database_->Read(call, ReadScope::kStatement, [&](SqlConnection& connection) -> Status {
        SATCHEL_ASSIGN_OR_RETURN(value, ReadSetting(connection, kStoreIdSetting));
        return {};
      }));
  if (!value) return std::optional<StoreId>();
  return std::optional<StoreId>(*std::move(value));
}

Status SqlMetadataStore::WriteStoreId(const CallContext& call, const StoreId& id) {
  return database_->Write(call, Durability::kPowerLoss, [&](SqlConnection& connection) -> Status {
    const SettingRow row{.name = kStoreIdSetting, .value = id.value()};
    auto inserted = connection.Execute(SATCHEL_INSERT_SETTING, ValuesOf(row));
    if (!inserted.Is(SqlFailure::kUniqueViolation)) return inserted.status();
    SATCHEL_ASSIGN_OR_RETURN(const auto value, ReadSetting(connection, kStoreIdSetting));
    if (value == id.value()) return {};
    return ConfigurationError("the database belongs to another object store already");
  });
}

Result<bool> SqlMetadataStore::AcquireSweeperLease(const CallContext& call,
                                                   const std::string& holder,
                                                   std::chrono::seconds lease) {
  bool acquired = false;
  const auto acquire = [&](SqlConnection& connection) -> Status {
    SATCHEL_ASSIGN_OR_RETURN(const Timestamp now, database_->dialect().Now(connection));
    auto taken = connection.Execute(
        "UPDATE satchel_setting SET value = ?, expires_at = ? "
        "WHERE name = ? AND (value = ? OR expires_at <= ?)",
        {holder, now + lease, kSweeperLeaseSetting, holder, now});
    if (!taken.ok()) return taken.status();
    acquired = *taken == 1;
    if (acquired) return {};
    const SettingRow row{.name = kSweeperLeaseSetting, .value = holder, .expires_at = now + lease};
    auto inserted = connection.Execute(SATCHEL_INSERT_SETTING, ValuesOf(row));
    acquired = inserted.ok();
    return inserted.Is(SqlFailure::kUniqueViolation) ? Status() : inserted.status();
  };
  SATCHEL_RETURN_IF_ERROR(database_->Write(call, Durability::kProcess, acquire));
  return acquired;
}

}  // namespace satchel
