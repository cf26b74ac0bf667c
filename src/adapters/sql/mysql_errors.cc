#include "adapters/sql/mysql_errors.h"

// clang-format off: the error numbers need the types of mysql.h
#include <errmsg.h>
#include <mysql.h>
#include <mysqld_error.h>
// clang-format on

namespace satchel {
namespace {

// Numbers that MariaDB's headers do not have. MySQL's, which TiDB shares:
constexpr unsigned int kLockNowait = 3572;
constexpr unsigned int kClientInteractionTimeout = 4031;
// TiDB's (https://docs.pingcap.com/tidb/stable/error-codes/):
constexpr unsigned int kTidbForUpdateCannotRetry = 8002;
constexpr unsigned int kTidbRetryableTransaction = 8022;
constexpr unsigned int kTidbSchemaOutOfDate = 8027;
constexpr unsigned int kTidbSchemaChanged = 8028;
/// Of a statement that was prepared before what it names was dropped or changed.
constexpr unsigned int kTidbPreparedBeforeChange = 8113;
constexpr unsigned int kTidbPrivilegeCheckFail = 8121;
constexpr unsigned int kTidbIndexDiffersFromRows = 8133;
constexpr unsigned int kTidbWriteConflict = 9007;
/// TiDB's errors about its storage: placement driver and TiKV not reachable, busy, too slow.
constexpr unsigned int kTidbStorageFirst = 9001;
constexpr unsigned int kTidbStorageLast = 9014;
/// TiDB has no number for a lock that others took each time it was free.
constexpr std::string_view kTidbLockNeverGot = "pessimistic lock retry limit reached";

/// Below it are errors of the server's operating system: reading, writing, no space.
constexpr unsigned int kServerSystemErrorsEnd = 1000;
constexpr unsigned int kSystemDiskFull = 20;

bool IsClientError(unsigned int code) {
  return (code >= CR_MIN_ERROR && code <= CR_MAX_ERROR) ||
         (code >= CER_MIN_ERROR && code <= CER_MAX_ERROR);
}

/// Lost against another transaction, or against a schema change. The server has undone it, or it
/// can be undone; it is not committed.
bool IsRetryable(unsigned int code) {
  switch (code) {
    case ER_LOCK_DEADLOCK:
    case ER_LOCK_WAIT_TIMEOUT:
    case ER_CHECKREAD:
    case kLockNowait:
    case kTidbForUpdateCannotRetry:
    case kTidbRetryableTransaction:
    case kTidbSchemaOutOfDate:
    case kTidbSchemaChanged:
    case kTidbWriteConflict:
      return true;
    default:
      return false;
  }
}

/// Nothing was committed by a statement that is no COMMIT, whatever it failed of.
bool IsRetryableStatement(unsigned int code) {
  // What has no number is most often such a loss of TiDB's. Over its embedded store a query may
  // find an index entry of a row that another commit has just removed.
  return IsRetryable(code) || code == ER_UNKNOWN_ERROR || code == kTidbIndexDiffersFromRows;
}

bool IsReadOnly(unsigned int code) {
  return code == ER_OPTION_PREVENTS_STATEMENT || code == ER_READ_ONLY_MODE ||
         code == ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION || code == ER_INNODB_READ_ONLY;
}

bool IsFull(unsigned int code) {
  return code == kSystemDiskFull || code == ER_DISK_FULL || code == ER_RECORD_FILE_FULL;
}

bool IsCorrupt(unsigned int code) {
  switch (code) {
    case ER_NOT_KEYFILE:
    case ER_OLD_KEYFILE:
    case ER_CRASHED_ON_USAGE:
    case ER_CRASHED_ON_REPAIR:
    case ER_INDEX_CORRUPT:
      return true;
    default:
      return false;
  }
}

/// The server cannot do it now: too much to do, stopped by an administrator, its disk failing.
bool IsServerTrouble(unsigned int code) {
  switch (code) {
    case ER_CON_COUNT_ERROR:
    case ER_TOO_MANY_USER_CONNECTIONS:
    case ER_USER_LIMIT_REACHED:
    case ER_OUTOFMEMORY:
    case ER_OUT_OF_RESOURCES:
    case ER_MAX_PREPARED_STMT_COUNT_REACHED:
    case ER_QUERY_INTERRUPTED:
    case ER_STATEMENT_TIMEOUT:
    case ER_GET_ERRNO:
    case ER_ERROR_ON_READ:
    case ER_ERROR_ON_WRITE:
      return true;
    default:
      return code < kServerSystemErrorsEnd ||
             (code >= kTidbStorageFirst && code <= kTidbStorageLast);
  }
}

MysqlRefusal RefusalOf(unsigned int code) {
  switch (code) {
    case ER_ACCESS_DENIED_ERROR:
    case ER_ACCESS_DENIED_NO_PASSWORD_ERROR:
    case ER_HOST_NOT_PRIVILEGED:
    case ER_MUST_CHANGE_PASSWORD:
    case ER_ACCOUNT_HAS_BEEN_LOCKED:
    case CR_AUTH_PLUGIN_CANNOT_LOAD:
    case CR_AUTH_PLUGIN_ERR:
      return MysqlRefusal::kLogin;
    case ER_DBACCESS_DENIED_ERROR:
    case ER_TABLEACCESS_DENIED_ERROR:
    case ER_COLUMNACCESS_DENIED_ERROR:
    case ER_SPECIFIC_ACCESS_DENIED_ERROR:
    case ER_PROCACCESS_DENIED_ERROR:
    case kTidbPrivilegeCheckFail:
      return MysqlRefusal::kRights;
    case ER_BAD_DB_ERROR:
      return MysqlRefusal::kDatabase;
    default:
      return MysqlRefusal::kNone;
  }
}

/// libmariadb's and OpenSSL's words for what another try cannot change; all others are of a
/// connection that was cut, or stalled, in the handshake.
bool IsOfTlsItself(std::string_view text) {
  for (const std::string_view words :
       {"certificate", "Fingerprint", "finger print", "SSL is required"}) {
    if (text.find(words) != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace

bool IsMysqlConnectionLost(unsigned int code) {
  switch (code) {
    case ER_SERVER_SHUTDOWN:
    case ER_NORMAL_SHUTDOWN:
    case ER_SHUTDOWN_COMPLETE:
    case ER_CONNECTION_KILLED:
    case ER_NEW_ABORTING_CONNECTION:
    case ER_NET_PACKET_TOO_LARGE:
    case ER_NET_READ_ERROR_FROM_PIPE:
    case ER_NET_FCNTL_ERROR:
    case ER_NET_PACKETS_OUT_OF_ORDER:
    case ER_NET_UNCOMPRESS_ERROR:
    case ER_NET_READ_ERROR:
    case ER_NET_READ_INTERRUPTED:
    case ER_NET_ERROR_ON_WRITE:
    case ER_NET_WRITE_INTERRUPTED:
    case kClientInteractionTimeout:
      return true;
    default:
      return IsClientError(code);
  }
}

MysqlRefusal MysqlRefusalOf(unsigned int code, std::string_view text) {
  if (code == CR_SSL_CONNECTION_ERROR && IsOfTlsItself(text)) return MysqlRefusal::kTls;
  return RefusalOf(code);
}

bool IsMysqlUnnamed(unsigned int code, std::string_view text) {
  return code == ER_UNKNOWN_ERROR && text.find(kTidbLockNeverGot) == std::string_view::npos;
}

bool IsMysqlTableGone(unsigned int code) {
  return code == ER_NO_SUCH_TABLE || code == ER_NO_DB_ERROR || code == kTidbPreparedBeforeChange;
}

bool IsMysqlAnswer(unsigned int code) { return code != 0 && !IsMysqlConnectionLost(code); }

SqlFailure MysqlFailureOf(unsigned int code) {
  if (code == ER_DUP_ENTRY || code == ER_DUP_ENTRY_WITH_KEY_NAME) {
    return SqlFailure::kUniqueViolation;
  }
  if (IsRetryableStatement(code)) return SqlFailure::kRetryable;
  if (IsFull(code)) return SqlFailure::kFull;
  if (IsCorrupt(code)) return SqlFailure::kCorrupt;
  if (IsReadOnly(code)) return SqlFailure::kReadOnly;
  const MysqlRefusal refusal = RefusalOf(code);
  if (refusal == MysqlRefusal::kRights) return SqlFailure::kDenied;
  const bool unavailable =
      IsMysqlConnectionLost(code) || IsServerTrouble(code) || refusal != MysqlRefusal::kNone;
  return unavailable ? SqlFailure::kUnavailable : SqlFailure::kOther;
}

SqlFailure MysqlCommitFailureOf(unsigned int code) {
  if (IsRetryable(code)) return SqlFailure::kRetryable;
  if (IsReadOnly(code)) return SqlFailure::kReadOnly;
  return SqlFailure::kOutcomeUnknown;
}

}  // namespace satchel
