/// The metadata store that the configuration names.
#pragma once

#include <functional>
#include <memory>

#include "adapters/sql/mysql_options.h"
#include "adapters/sql/sql_metadata_store.h"
#include "app/config.h"
#include "base/call_context.h"
#include "base/clock.h"
#include "base/status.h"

namespace satchel {

struct MetadataBackend {
  std::unique_ptr<SqlMetadataStore> store;
  /// Whether the database can be used as it is: reachable, its schema current or made so.
  /// DATABASE_UNAVAILABLE: ask again; any other error is the operator's to settle.
  std::function<Status(const CallContext& call)> check;
  /// Behind a network: it may be away, and come back.
  bool remote = false;
};

enum class Migrate : bool { kNo, kYes };

/// An embedded database is opened and checked here; one behind a network is not even asked.
/// CONFIGURATION_INVALID: the operator has to act. `clock` must outlive what is made.
Result<MetadataBackend> MakeMetadataBackend(const Config& config, Migrate migrate,
                                            const Clock& clock);

/// Precondition: config.database is of kMysql.
MysqlOptions MysqlOptionsOf(const Config& config);

}  // namespace satchel
