/// The one translator of error numbers of the MySQL protocol: MariaDB's, MySQL's, TiDB's and
/// libmariadb's own. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "adapters/sql/sql_connection.h"

namespace satchel {

/// Of any statement but COMMIT.
SqlFailure MysqlFailureOf(unsigned int code);
/// Of COMMIT: kOutcomeUnknown unless the code says that nothing was committed.
SqlFailure MysqlCommitFailureOf(unsigned int code);
/// The error comes from a server that works, and only refused; false: there was no answer, or it
/// was that the server is going away.
bool IsMysqlAnswer(unsigned int code);
/// A connection with this error cannot be used again.
bool IsMysqlConnectionLost(unsigned int code);
/// What an operator has to put right.
enum class MysqlRefusal : std::uint8_t {
  kNone,      ///< nothing: another try may do
  kLogin,     ///< user, password, host or account
  kRights,    ///< the user lacks one
  kDatabase,  ///< there is none of this name
  kTls,       ///< the certificate does not hold, or there is none
};

/// `text` is the library's: it has one number for a certificate that does not hold and for a
/// connection cut in the handshake.
MysqlRefusal MysqlRefusalOf(unsigned int code, std::string_view text);
/// The number for whatever has none, unless `text` tells of a lost lock; often it passes.
bool IsMysqlUnnamed(unsigned int code, std::string_view text);
/// A table that a statement names is not there, or the whole database of a connection is not.
bool IsMysqlTableGone(unsigned int code);

}  // namespace satchel
