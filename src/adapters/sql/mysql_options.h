/// Where a database that speaks the MySQL protocol is, and as whom to use it.
#pragma once

#include <string>

#include "base/strong_string.h"

namespace satchel {

struct MysqlOptions {
  std::string host;  ///< a name or an address, without the brackets of IPv6; always over TCP
  int port = 3306;
  std::string user;
  Secret password;  ///< empty: none
  std::string database;
  /// The certificate authority, as PEM text or as the path of such a file. When set, TLS is
  /// required, and the server's certificate must come from it and name `host`.
  std::string ca;
  int connections_max = 16;  ///< at least 1
};

}  // namespace satchel
