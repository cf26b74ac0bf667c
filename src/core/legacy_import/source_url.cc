#include "core/legacy_import/source_url.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <system_error>
#include <utility>

#include "base/text.h"

namespace satchel {
namespace {

constexpr int kPostgresqlPort = 5432;
constexpr int kMysqlPort = 3306;
constexpr int kPortMax = 65535;

Status Refuse(const std::string& problem) {
  // Never the value: it may hold a password.
  return InvalidField("from",
                      problem +
                          "; takes postgresql://user@host:port/database, "
                          "mysql://user@host:port/database or sqlite:///path",
                      "");
}

std::optional<LegacyDatabase> KindOf(std::string_view scheme) {
  // The driver, which is SQLAlchemy's own matter.
  scheme = scheme.substr(0, scheme.find('+'));
  if (scheme == "postgresql" || scheme == "postgres") return LegacyDatabase::kPostgresql;
  if (scheme == "mysql" || scheme == "mariadb") return LegacyDatabase::kMysql;
  if (scheme == "sqlite") return LegacyDatabase::kSqlite;
  return std::nullopt;
}

/// nullopt when it is no percent-encoded text without control characters.
std::optional<std::string> DecodePart(std::string_view text) {
  std::optional<std::string> decoded = PercentDecode(text);
  if (!decoded) return std::nullopt;
  for (const char c : *decoded) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return std::nullopt;
  }
  return decoded;
}

Status ParseOptions(std::string_view options, LegacyAddress& address) {
  while (!options.empty()) {
    const std::size_t end = std::min(options.find('&'), options.size());
    const std::string_view option = options.substr(0, end);
    options.remove_prefix(std::min(end + 1, options.size()));
    const std::size_t equals = std::min(option.find('='), option.size());
    const std::string_view name = option.substr(0, equals);
    const auto value = DecodePart(option.substr(std::min(equals + 1, option.size())));
    if (name == "charset") continue;
    if ((name != "ssl_ca" && name != "sslrootcert") || !value || value->empty()) {
      return Refuse("has an option that is not known: `" + TruncateUtf8(name, kEchoedBytesMax) +
                    "`");
    }
    address.ca_file = *value;
  }
  return {};
}

bool ParseHost(std::string_view text, LegacyAddress& address) {
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return false;
    address.host = text.substr(1, end - 1);
    port = text.substr(end + 1);
  } else {
    const std::size_t colon = std::min(text.find(':'), text.size());
    address.host = text.substr(0, colon);
    port = text.substr(colon);
  }
  if (address.host.empty()) return false;
  if (port.empty()) return true;
  port.remove_prefix(1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  return error == std::errc() && end == port.data() + port.size() && address.port >= 1 &&
         address.port <= kPortMax;
}

Status ParseServer(std::string_view rest, LegacyAddress& address) {
  const std::size_t slash = rest.rfind('/');
  if (slash == std::string_view::npos) return Refuse("names no database");
  const std::string_view authority = rest.substr(0, slash);
  const std::size_t at = authority.rfind('@');
  if (at == std::string_view::npos) return Refuse("names no user");
  const std::string_view credentials = authority.substr(0, at);
  const std::size_t colon = std::min(credentials.find(':'), credentials.size());
  const auto user = DecodePart(credentials.substr(0, colon));
  const auto password = DecodePart(credentials.substr(std::min(colon + 1, credentials.size())));
  const auto database = DecodePart(rest.substr(slash + 1));
  if (!user || user->empty() || !password) return Refuse("has a bad user or password");
  if (!database || database->empty()) return Refuse("names no database");
  address.user = *user;
  address.password = Secret(*password);
  address.database = *database;
  address.port = address.kind == LegacyDatabase::kMysql ? kMysqlPort : kPostgresqlPort;
  return ParseHost(authority.substr(at + 1), address) ? Status() : Refuse("has a bad address");
}

Status ParseFile(std::string_view rest, LegacyAddress& address) {
  const auto path = rest.starts_with('/') ? DecodePart(rest.substr(1)) : std::nullopt;
  if (!path || path->empty() || path->back() == '/' || path->starts_with(":memory:")) {
    return Refuse("names no file");
  }
  address.path = *path;
  return {};
}

}  // namespace

Result<LegacyAddress> ParseSourceUrl(std::string_view url) {
  const std::size_t colon = url.find("://");
  if (colon == std::string_view::npos) return Refuse("is no database URL");
  const std::optional<LegacyDatabase> kind = KindOf(url.substr(0, colon));
  if (!kind) return Refuse("is of a database that is not known");
  LegacyAddress address;
  address.kind = *kind;
  std::string_view rest = url.substr(colon + 3);
  const std::size_t question = std::min(rest.find('?'), rest.size());
  SATCHEL_RETURN_IF_ERROR(ParseOptions(rest.substr(std::min(question + 1, rest.size())), address));
  rest = rest.substr(0, question);
  SATCHEL_RETURN_IF_ERROR(*kind == LegacyDatabase::kSqlite ? ParseFile(rest, address)
                                                           : ParseServer(rest, address));
  return address;
}

std::string DefaultSourceName(const LegacyAddress& address, std::string_view table) {
  std::string name;
  switch (address.kind) {
    case LegacyDatabase::kPostgresql:
      name = "postgresql:" + address.database;
      break;
    case LegacyDatabase::kMysql:
      name = "mysql:" + address.database;
      break;
    case LegacyDatabase::kSqlite:
      name = "sqlite:" + address.path.substr(address.path.rfind('/') + 1);
      break;
  }
  return name.append("/").append(table);
}

}  // namespace satchel
