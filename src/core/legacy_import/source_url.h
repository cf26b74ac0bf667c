/// The address of the legacy table as operators write it: the URL that SQLAlchemy was given.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "ports/legacy_source.h"

namespace satchel {

/// `postgresql://user[:password]@host[:port]/database`, `mysql://…` the same, `sqlite:///relative`
/// or `sqlite:////absolute`, each part percent-encoded where needed; also with a driver's name
/// (`postgresql+asyncpg://`) and as `postgres://`, `mariadb://`. Options: `ssl_ca` or
/// `sslrootcert`, a PEM file that TLS then is checked against; `charset` is ignored. INVALID_FIELD,
/// without the password, when it is none of these.
Result<LegacyAddress> ParseSourceUrl(std::string_view url);

/// What imports from there are called in the book unless they are given a name:
/// "postgresql:platform/rag_context", "sqlite:platform.db/rag_context". Not the host, which has
/// many names.
std::string DefaultSourceName(const LegacyAddress& address, std::string_view table);

}  // namespace satchel
