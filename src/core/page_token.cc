#include "core/page_token.h"

#include <charconv>
#include <optional>
#include <span>

#include "base/identifiers.h"
#include "base/sha256.h"
#include "base/text.h"

namespace satchel {
namespace {

constexpr std::size_t kHashDigits = 32;
constexpr std::string_view kVersion = "1";

void AddField(Sha256& hash, std::string_view value) {
  const std::string framed = std::to_string(value.size()) + ":" + std::string(value);
  hash.Update(std::as_bytes(std::span(framed)));
}

/// Binds cursor and query: neither can be changed without the other.
std::string Checksum(const ListQuery& query, std::string_view cursor) {
  Sha256 hash;
  AddField(hash, kVersion);
  AddField(hash, query.user.value());
  AddField(hash, query.category ? "c" + *query.category : "");
  AddField(hash, query.day ? "d" + FormatDay(*query.day) : "");
  AddField(hash, cursor);
  return hash.Finish().value().substr(0, kHashDigits);
}

Status Invalid(std::string_view token) {
  const std::string rule =
      "must be the next_page_token of a listing with the same user_id, category and date_filter";
  return Status(Reason::kPageTokenInvalid, "page_token " + rule)
      .WithField("page_token", rule, token);
}

}  // namespace

std::string EncodePageToken(const ListQuery& query, const ListCursor& cursor) {
  const std::string text =
      std::to_string(cursor.created_at.time_since_epoch().count()) + "/" + cursor.id.value();
  return Base64UrlEncode(Checksum(query, text) + text);
}

Result<ListCursor> DecodePageToken(const ListQuery& query, std::string_view token) {
  const std::optional<std::string> decoded = Base64UrlDecode(token);
  if (!decoded || decoded->size() < kHashDigits) return Invalid(token);
  const std::string_view text = std::string_view(*decoded).substr(kHashDigits);
  if (decoded->compare(0, kHashDigits, Checksum(query, text)) != 0) return Invalid(token);
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return Invalid(token);
  std::int64_t milliseconds = 0;
  const char* end = text.data() + slash;
  const auto parsed = std::from_chars(text.data(), end, milliseconds);
  if (parsed.ec != std::errc() || parsed.ptr != end) return Invalid(token);
  return ListCursor{Timestamp(std::chrono::milliseconds(milliseconds)),
                    DocumentId(std::string(text.substr(slash + 1)))};
}

}  // namespace satchel
