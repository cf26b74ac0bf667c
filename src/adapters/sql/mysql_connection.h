/// The driver port over libmariadb's C API.
#pragma once

#include <mysql.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>

#include "adapters/sql/mysql_errors.h"
#include "adapters/sql/mysql_options.h"
#include "adapters/sql/mysql_statement.h"
#include "adapters/sql/mysql_wait.h"
#include "adapters/sql/sql_connection.h"
#include "base/call_context.h"

namespace satchel {

/// Which server speaks the MySQL protocol, told from its version.
enum class MysqlServer : std::uint8_t { kMysql, kMariadb, kTidb };

MysqlServer MysqlServerOf(std::string_view version);

/// One session on a server, set up: UTC, strict, READ COMMITTED, locks waited for briefly.
class MysqlConnection final : public SqlConnection {
 public:
  enum class Transaction : std::uint8_t {
    kNone,      ///< each statement is one of its own
    kWrite,     ///< READ COMMITTED, with pessimistic locks
    kSnapshot,  ///< reads the same all the time
  };

  struct Target {
    const MysqlOptions& options;
    const std::string& ca_path;  ///< empty: no TLS
  };

  /// What Open() could not do.
  struct OpenFailure {
    SqlError error;
    bool answered = false;  ///< by a server that works, and refused
    MysqlRefusal refusal = MysqlRefusal::kNone;
  };
  using Opened = std::variant<std::unique_ptr<MysqlConnection>, OpenFailure>;

  /// Connects, before `deadline` and while `call`, which may be nullptr, is wanted.
  static Opened Open(const Target& target, MysqlWait::SteadyTime deadline, const CallContext* call);
  /// Whether the server answers whoever connects: nullopt where it lets the user in, or refuses. To
  /// be told without delay, nothing is asked behind that.
  static std::optional<SqlError> Knock(const Target& target, MysqlWait::SteadyTime deadline,
                                       const CallContext* call);
  ~MysqlConnection() override;

  using SqlConnection::Execute;
  using SqlConnection::Query;
  SqlResult<std::int64_t> Execute(std::string_view sql, std::span<const SqlValue> values) override;
  SqlResult<std::int64_t> Query(std::string_view sql, std::span<const SqlValue> values,
                                const RowCallback& on_row) override;
  SqlResult<std::int64_t> ExecuteScript(std::string_view script) override;

  /// What comes next. kSnapshot and kWrite end with Commit() or Rollback().
  SqlResult<std::int64_t> Begin(Transaction kind);
  /// kOutcomeUnknown unless it is known not to have happened.
  SqlResult<std::int64_t> Commit();
  SqlResult<std::int64_t> Rollback();

  /// Works for `call` from now on: statements fail with kInterrupted once it is no longer wanted.
  /// nullptr: for nobody.
  void WorkFor(const CallContext* call);
  /// See MysqlWait::may_answer.
  void AskWhenSilent(std::function<bool(MysqlWait::SteadyTime)> may_answer);
  /// It cannot be used again.
  bool broken() const { return broken_; }
  /// A statement since then lost against another transaction, so that all must start anew.
  bool lost_race() const { return lost_race_; }
  /// It may also be no race: the server named no reason.
  bool unnamed() const { return unnamed_; }
  /// What an operator has to put right, so that the last error does not come again.
  MysqlRefusal refusal() const { return refusal_; }
  /// It broke because the server answers nobody.
  bool fell_silent() const { return fell_silent_; }
  /// When the server last answered on it.
  MysqlWait::SteadyTime heard_at() const { return heard_at_; }
  /// The server has not closed it meanwhile, as far as this side knows.
  bool IsQuiet() const;
  MysqlServer server() const { return server_; }
  /// Whether Begin() of this kind costs no question of its own.
  bool IsSetFor(Transaction kind) const;

 private:
  struct CloseHandle {
    void operator()(MYSQL* handle) const;
  };
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };

  explicit MysqlConnection(MYSQL* handle) : handle_(handle) {}

  /// A connection whose user was let in; its session is as the server makes it.
  static Opened Enter(const Target& target, MysqlWait::SteadyTime deadline,
                      const CallContext* call);
  bool SetOptions(const Target& target);
  bool Connect(const MysqlOptions& options);
  bool SetUpSession();
  /// Runs fixed texts, without values; returns how many statements there were.
  SqlResult<std::int64_t> RunText(std::string_view text);
  SqlResult<std::int64_t> SetAutocommit(bool on);
  SqlResult<MysqlStatement*> Prepare(std::string_view sql);
  SqlResult<MysqlStatement*> Run(std::string_view sql, std::span<const SqlValue> values);
  SqlError ErrorOf(unsigned int code, std::string_view text);
  SqlError HandleError();
  OpenFailure FailureToOpen();
  void NoteAnswer() { heard_at_ = std::chrono::steady_clock::now(); }

  // Before handle_: statements of a closed connection are only freed.
  std::unordered_map<std::string, std::unique_ptr<MysqlStatement>, TextHash, std::equal_to<>>
      statements_;
  std::unique_ptr<MYSQL, CloseHandle> handle_;
  MysqlWait wait_;
  MysqlWait::SteadyTime heard_at_{};
  MysqlServer server_ = MysqlServer::kMysql;
  bool autocommit_ = true;
  bool broken_ = false;
  bool fell_silent_ = false;
  bool lost_race_ = false;
  bool unnamed_ = false;
  MysqlRefusal refusal_ = MysqlRefusal::kNone;
};

}  // namespace satchel
