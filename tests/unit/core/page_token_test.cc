#include "core/page_token.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/text.h"

namespace satchel {
namespace {

using namespace std::chrono_literals;

ListQuery QueryOf(const std::string& user) {
  ListQuery query;
  query.user = UserId(user);
  return query;
}

const ListCursor kCursor{Timestamp(1'795'474'620'123ms),
                         DocumentId("00000000-0000-4000-8000-000000000001")};

TEST(PageToken, GivesTheCursorBackToTheSameQuery) {
  ListQuery query = QueryOf("alice");
  query.category = "math";
  query.day = ParseDay("2026-11-23");
  const std::string token = EncodePageToken(query, kCursor);
  query.page_size = 7;
  query.after = ListCursor();
  const Result<ListCursor> cursor = DecodePageToken(query, token);
  ASSERT_TRUE(cursor.ok()) << cursor.status().ToString();
  EXPECT_EQ(cursor->created_at, kCursor.created_at);
  EXPECT_EQ(cursor->id, kCursor.id);
}

TEST(PageToken, BelongsToItsQueryOnly) {
  ListQuery of_category = QueryOf("alice");
  of_category.category = "math";
  ListQuery of_day = QueryOf("alice");
  of_day.day = ParseDay("2026-11-23");
  ListQuery of_empty_category = QueryOf("alice");
  of_empty_category.category = "";
  // The same letters, divided otherwise.
  ListQuery divided = QueryOf("alic");
  divided.category = "e";
  const std::vector<ListQuery> queries = {QueryOf("alice"), QueryOf("ALICE"), QueryOf("bob"),
                                          of_category,      of_day,           of_empty_category,
                                          divided};
  for (std::size_t made = 0; made < queries.size(); ++made) {
    const std::string token = EncodePageToken(queries[made], kCursor);
    for (std::size_t used = 0; used < queries.size(); ++used) {
      const Result<ListCursor> cursor = DecodePageToken(queries[used], token);
      EXPECT_EQ(cursor.ok(), made == used) << made << " " << used;
      EXPECT_TRUE(cursor.ok() || cursor.status().Is(Reason::kPageTokenInvalid));
    }
  }
}

TEST(PageToken, NoChangedCharacterGoesUnnoticed) {
  const ListQuery query = QueryOf("alice");
  const std::string token = EncodePageToken(query, kCursor);
  for (std::size_t position = 0; position < token.size(); ++position) {
    for (const char other : {'A', 'b', '9', '_', '=', ' '}) {
      if (token[position] == other) continue;
      std::string changed = token;
      changed[position] = other;
      EXPECT_FALSE(DecodePageToken(query, changed).ok()) << changed;
    }
    EXPECT_FALSE(DecodePageToken(query, token.substr(0, position)).ok());
  }
  EXPECT_FALSE(DecodePageToken(query, token + "A").ok());
}

TEST(PageToken, GarbageIsRefusedAndEchoedCut) {
  for (const std::string& garbage :
       {std::string("x"), std::string("' OR 1=1"), std::string(100'000, 'A'),
        std::string("\xFF\0", 2), Base64UrlEncode(std::string(32, '0')),
        Base64UrlEncode(std::string(32, '0') + "12/x")}) {
    const Status refused = DecodePageToken(QueryOf("alice"), garbage).status();
    EXPECT_TRUE(refused.Is(Reason::kPageTokenInvalid));
    ASSERT_EQ(refused.field_violations().size(), 1U);
    EXPECT_EQ(refused.field_violations()[0].field, "page_token");
    EXPECT_LE(refused.field_violations()[0].rejected_value.size(), 128U);
  }
}

}  // namespace
}  // namespace satchel
