/// Port: the table that the Python services kept their documents in before Satchel.
///
/// It is only read, by one transaction that sees one state of the database where the database can
/// do that. All methods block and return
///   CONFIGURATION_INVALID  what the operator has to put right: file, user, password, rights,
///                          certificate, table, columns,
///   DATABASE_UNAVAILABLE   the source could not be reached, or went away (run the import again),
///   CANCELLED, DEADLINE_EXCEEDED  from the call context.
/// No message holds the password.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/call_context.h"
#include "base/status.h"
#include "base/strong_string.h"

namespace satchel {

enum class LegacyDatabase : std::uint8_t { kPostgresql, kMysql, kSqlite };

/// Where the table is.
struct LegacyAddress {
  LegacyDatabase kind = LegacyDatabase::kSqlite;
  std::string path;  ///< kSqlite: of the file
  // The others:
  std::string host;  ///< without the brackets of an IPv6 address
  int port = 0;
  std::string user;
  Secret password;  ///< empty: none
  std::string database;
  std::string ca_file;  ///< PEM, then TLS with a verified host name is required; empty: no demand
};

/// What the columns are called; `source` and `timestamp` may be empty: there is none.
struct LegacyColumns {
  std::string id = "id";
  std::string teacher = "teacherId";
  std::string text = "context_data";
  std::string source = "source";
  std::string timestamp = "timestamp";
};

struct LegacySourceSpec {
  LegacyAddress address;
  std::string table = "rag_context";  ///< PostgreSQL: with its schema and a dot where needed
  LegacyColumns columns;
};

/// A row without its text. Values are as they are in the source: any bytes.
struct LegacyRow {
  std::int64_t id = 0;
  std::optional<std::string> teacher;
  std::optional<std::string> source;
  /// As the database writes it, ISO 8601 where it has a type for times; session time zone UTC.
  std::optional<std::string> timestamp;
  std::optional<std::int64_t> text_bytes;  ///< none: NULL
};

/// How much there is.
struct LegacySize {
  std::int64_t rows = 0;
  std::int64_t bytes = 0;  ///< of the texts
};

/// One table, looked into and found usable. Not thread-safe.
class LegacySource {
 public:
  using OnText = std::function<Status(std::int64_t id, std::string_view text)>;

  virtual ~LegacySource() = default;
  virtual Result<LegacySize> Measure(const CallContext& call) = 0;
  /// At most `limit` rows with an id above `after`, by id. Every row of the table is reached so.
  virtual Result<std::vector<LegacyRow>> ReadRows(const CallContext& call,
                                                  std::optional<std::int64_t> after, int limit) = 0;
  /// Hands over the texts of the rows from `first` to `last`, as UTF-8 where the database knows
  /// their encoding and as their bytes elsewhere; none for NULL. May hold all of them in memory at
  /// once. What `on_text` returns, unless OK, ends it.
  virtual Status ReadTexts(const CallContext& call, std::int64_t first, std::int64_t last,
                           const OnText& on_text) = 0;
};

class LegacySourceOpener {
 public:
  virtual ~LegacySourceOpener() = default;
  /// Connects, begins the transaction, and checks that the table has columns of these names and of
  /// types that fit, and a key; says what it has when not.
  virtual Result<std::unique_ptr<LegacySource>> Open(const CallContext& call,
                                                     const LegacySourceSpec& spec) = 0;
};

}  // namespace satchel
