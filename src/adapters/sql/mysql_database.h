/// A database that speaks the MySQL protocol: MariaDB, TiDB.
#pragma once

#include <memory>
#include <string>

#include "adapters/sql/mysql_dialect.h"
#include "adapters/sql/mysql_options.h"
#include "adapters/sql/mysql_pool.h"
#include "adapters/sql/sql_database.h"
#include "base/call_context.h"
#include "base/status.h"

namespace satchel {

/// Thread-safe. Both durabilities are the server's own. While the server is down every call gets
/// DATABASE_UNAVAILABLE within kUnavailableTimeMax; it is found again without help.
class MysqlDatabase final : public SqlDatabase {
 public:
  static constexpr std::chrono::milliseconds kUnavailableTimeMax{2000};

  /// Does not connect. CONFIGURATION_INVALID: options that can never work.
  static Result<std::unique_ptr<MysqlDatabase>> Make(MysqlOptions options);
  ~MysqlDatabase() override;

  /// For the start. CONFIGURATION_INVALID: user, password, database, TLS or storage engine are not
  /// as they must be; DATABASE_UNAVAILABLE: could not ask, try again.
  Status Check(const CallContext& call);
  /// For the start, once the schema is there. CONFIGURATION_INVALID: the user may not do what
  /// serving takes; names what.
  Status CheckRights(const CallContext& call);

  Status Write(const CallContext& call, Durability durability,
               const SqlOperation& operation) override;
  Status Read(const CallContext& call, ReadScope scope, const SqlOperation& operation) override;
  Status Migrate(const CallContext& call, const SqlOperation& operation) override;
  const SqlDialect& dialect() const override { return dialect_; }

 private:
  class CaFile;
  /// What one run of an operation came to.
  struct Run {
    Status status;
    bool again = false;    ///< known not to have happened, and worth trying at once
    bool unnamed = false;  ///< the server named no reason
  };

  MysqlDatabase(MysqlOptions options, std::unique_ptr<CaFile> ca_file);
  /// What an operator has to do about it.
  Status Explain(MysqlRefusal refusal, const Status& status) const;

  Run WriteOnce(const CallContext& call, const SqlOperation& operation);
  Run ReadOnce(const CallContext& call, ReadScope scope, const SqlOperation& operation);
  Status RunUntilDone(const CallContext& call, const std::function<Run()>& run);

  const MysqlOptions options_;
  const std::unique_ptr<CaFile> ca_file_;  // null: no TLS
  const std::string ca_path_;
  const MysqlDialect dialect_;
  MysqlPool pool_;
};

}  // namespace satchel
