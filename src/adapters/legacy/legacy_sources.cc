#include "adapters/legacy/legacy_sources.h"

#include "adapters/legacy/mysql_legacy_source.h"
#include "adapters/legacy/postgresql_legacy_source.h"
#include "adapters/legacy/sqlite_legacy_source.h"

namespace satchel {

Result<std::unique_ptr<LegacySource>> LegacySources::Open(const CallContext& call,
                                                          const LegacySourceSpec& spec) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  switch (spec.address.kind) {
    case LegacyDatabase::kPostgresql:
      return OpenPostgresqlLegacySource(call, spec);
    case LegacyDatabase::kMysql:
      return OpenMysqlLegacySource(call, spec);
    case LegacyDatabase::kSqlite:
      return OpenSqliteLegacySource(spec);
  }
  return InternalError("a database of no kind");
}

}  // namespace satchel
