#include "app/config_database_url.h"

#include "app/config_values.h"
#include "base/text.h"

namespace satchel {
namespace {

constexpr std::string_view kSqliteScheme = "sqlite:///";
constexpr std::string_view kMysqlScheme = "mysql://";
constexpr int kMysqlPortDefault = 3306;

/// nullopt when `text` is not percent-encoded text without control characters.
std::optional<std::string> DecodePart(std::string_view text) {
  std::optional<std::string> decoded = PercentDecode(text);
  if (!decoded) return std::nullopt;
  for (const char c : *decoded) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return std::nullopt;
  }
  return decoded;
}

std::optional<DatabaseUrl> ParseSqlite(std::string_view rest) {
  const std::optional<std::string> path = DecodePart(rest);
  // SQLite's own name for a database in memory, which would lose everything at the end.
  if (!path || path->empty() || path->starts_with(":memory:")) return std::nullopt;
  if (path->back() == '/') return std::nullopt;
  DatabaseUrl url;
  url.kind = DatabaseKind::kSqlite;
  url.path = *path;
  return url;
}

bool ParseCredentials(std::string_view text, DatabaseUrl& url) {
  const std::size_t colon = text.find(':');
  const std::optional<std::string> user = DecodePart(text.substr(0, colon));
  if (!user || user->empty()) return false;
  url.user = *user;
  if (colon == std::string_view::npos) return true;
  const std::optional<std::string> password = DecodePart(text.substr(colon + 1));
  if (!password) return false;
  url.password = Secret(*password);
  return true;
}

std::optional<DatabaseUrl> ParseMysql(std::string_view rest) {
  const std::size_t slash = rest.rfind('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view authority = rest.substr(0, slash);
  const std::size_t at = authority.rfind('@');
  if (at == std::string_view::npos) return std::nullopt;

  DatabaseUrl url;
  url.kind = DatabaseKind::kMysql;
  if (!ParseCredentials(authority.substr(0, at), url)) return std::nullopt;
  const std::optional<HostAndPort> address = ParseHostAndPort(authority.substr(at + 1));
  if (!address || address->port == 0) return std::nullopt;
  url.host = address->host;
  url.port = address->port.value_or(kMysqlPortDefault);
  const std::optional<std::string> database = DecodePart(rest.substr(slash + 1));
  if (!database || database->empty()) return std::nullopt;
  url.database = *database;
  return url;
}

}  // namespace

std::string DatabaseUrl::Masked() const {
  if (kind == DatabaseKind::kSqlite) return std::string(kSqliteScheme) + path;
  std::string text(kMysqlScheme);
  text.append(PercentEncode(user));
  if (!password.empty()) text.append(":***");
  const bool ipv6 = host.find(':') != std::string::npos;
  text.append("@").append(ipv6 ? "[" + host + "]" : host).append(":").append(std::to_string(port));
  return text.append("/").append(PercentEncode(database));
}

std::optional<DatabaseUrl> ParseDatabaseUrl(std::string_view text) {
  if (text.find_first_of("?#") != std::string_view::npos) return std::nullopt;
  if (text.starts_with(kSqliteScheme)) return ParseSqlite(text.substr(kSqliteScheme.size()));
  if (text.starts_with(kMysqlScheme)) return ParseMysql(text.substr(kMysqlScheme.size()));
  return std::nullopt;
}

}  // namespace satchel
