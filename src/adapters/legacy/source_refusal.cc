#include "adapters/legacy/source_refusal.h"

#include <string>

#include "adapters/legacy/table_columns.h"

namespace satchel {
namespace {

constexpr std::string_view kNoPassword =
    "no password was given: set SATCHEL_IMPORT_PASSWORD, or SATCHEL_IMPORT_PASSWORD_FILE to a file "
    "that holds it";
constexpr std::string_view kCheckPassword =
    "check the user in --from and the password, which is that of SATCHEL_IMPORT_PASSWORD or of the "
    "file that SATCHEL_IMPORT_PASSWORD_FILE names";

/// "127.0.0.1:5432".
std::string PlaceOf(const LegacyAddress& address) {
  const bool is_ipv6 = address.host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

Status Refuse(std::string text, std::string_view words, std::string_view advice) {
  return ConfigurationError(text.append(": ").append(words).append("; ").append(advice));
}

/// The statements that give the right.
std::string GrantsOf(const LegacySourceSpec& spec) {
  if (spec.address.kind == LegacyDatabase::kMysql) {
    return "GRANT SELECT ON " + QuoteIdentifier(spec.address.database, '`') + "." +
           QuoteIdentifier(spec.table, '`') + " TO the account gives it";
  }
  const std::string user = QuoteIdentifier(spec.address.user, '"');
  return "GRANT SELECT ON " + spec.table + " TO " + user +
         " gives it, with GRANT CONNECT ON DATABASE " +
         QuoteIdentifier(spec.address.database, '"') +
         " and GRANT USAGE ON SCHEMA where those were taken away";
}

}  // namespace

Status RefuseLogin(const LegacyAddress& address, std::string_view words) {
  return Refuse(
      "the source database at " + PlaceOf(address) + " does not let user " + address.user + " in",
      words, address.password.empty() ? kNoPassword : kCheckPassword);
}

Status RefuseRight(const LegacySourceSpec& spec, std::string_view words) {
  return Refuse("user " + spec.address.user + " may not read the table " + spec.table +
                    " of the source database " + spec.address.database + " at " +
                    PlaceOf(spec.address),
                words, GrantsOf(spec));
}

Status RefuseDatabase(const LegacyAddress& address, std::string_view words) {
  return Refuse("the server at " + PlaceOf(address) + " has no database " + address.database, words,
                "check the name at the end of --from");
}

Status RefuseServer(const LegacyAddress& address, std::string_view words) {
  return Refuse("the server at " + PlaceOf(address) + " is not proved to be the one that is meant",
                words,
                "check ssl_ca in --from, and that the certificate is made out to " + address.host);
}

}  // namespace satchel
