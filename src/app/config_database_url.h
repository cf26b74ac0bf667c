/// MICROSERVICE_DATABASE: which database, where, as whom.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/strong_string.h"

namespace satchel {

enum class DatabaseKind : std::uint8_t { kSqlite, kMysql };

struct DatabaseUrl {
  DatabaseKind kind = DatabaseKind::kSqlite;
  std::string path;  ///< kSqlite: of the file, relative to the working directory or absolute
  // kMysql:
  std::string host;  ///< without the brackets of an IPv6 address
  int port = 0;
  std::string user;
  Secret password;  ///< empty: none
  std::string database;

  /// The URL with `***` in place of the password.
  std::string Masked() const;
};

/// `sqlite:///relative/path`, `sqlite:////absolute/path` or
/// `mysql://user[:password]@host[:port]/database` (port 3306 when left out), each part
/// percent-encoded where needed. nullopt when `text` is none of these. Options (`?…`) are refused:
/// one that is not understood might have asked for TLS.
std::optional<DatabaseUrl> ParseDatabaseUrl(std::string_view text);

}  // namespace satchel
