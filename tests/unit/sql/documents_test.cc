// Documents that were stored: found, listed, deleted.
#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "unit/sql/sqlite_fixture.h"

namespace satchel {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::Optional;

class DocumentsTest : public SqliteStoreTest {
 protected:
  ListPage List(const ListQuery& query) {
    auto page = store_->List(call_, query);
    EXPECT_TRUE(page.ok()) << page.status().ToString();
    return page.ok() ? *std::move(page) : ListPage{};
  }

  static ListQuery Query(const std::string& user, int page_size = 100) {
    return {.user = UserId(user),
            .category = std::nullopt,
            .day = std::nullopt,
            .after = std::nullopt,
            .page_size = page_size};
  }

  static ListCursor CursorAfter(const ListPage& page) {
    return {page.documents.back().created_at, page.documents.back().id};
  }

  /// The ids of all pages, in their order.
  std::vector<std::string> ListAll(ListQuery query) {
    std::vector<std::string> ids;
    for (;;) {
      const ListPage page = List(query);
      for (const Document& document : page.documents) ids.push_back(document.id.value());
      if (!page.more) return ids;
      query.after = CursorAfter(page);
    }
  }

  std::vector<std::string> Filenames(const ListQuery& query) {
    std::vector<std::string> names;
    for (const Document& document : List(query).documents) names.push_back(document.filename);
    return names;
  }

  Result<std::optional<Deletion>> Delete(const std::string& user, const DocumentId& id,
                                         seconds retention = seconds(0)) {
    return store_->Delete(call_, UserId(user), id, retention, kDefaultQuota);
  }
};

TEST_F(DocumentsTest, AnUnknownIdIsNoDocument) {
  for (const char* id : {"", "x", "' OR 1=1 --", "00000000-0000-4000-8000-000000000000"}) {
    const auto found = store_->Find(call_, DocumentId(id));
    ASSERT_TRUE(found.ok());
    EXPECT_EQ(*found, std::nullopt);
  }
}

TEST_F(DocumentsTest, ADeleteFreesNameAndUsageAtOnce) {
  const Document document = Store("alice", "notes.txt", 100);
  Store("alice", "other.txt", 30);
  clock_.Advance(seconds(5));
  const auto deletion = Delete("alice", document.id);
  ASSERT_TRUE(deletion.ok() && *deletion) << deletion.status().ToString();
  EXPECT_EQ((*deletion)->document.id, document.id);
  EXPECT_EQ((*deletion)->document.object_key, document.object_key);
  EXPECT_EQ((*deletion)->document.version, document.version);
  EXPECT_EQ((*deletion)->document.attempt, document.attempt);
  EXPECT_EQ((*deletion)->usage.file_count, 1);
  EXPECT_EQ((*deletion)->usage.total_bytes, 30);
  EXPECT_EQ((*deletion)->usage.quota_bytes, kDefaultQuota);
  EXPECT_THAT((*deletion)->usage.updated_at, Optional(Eq(clock_.WallNow())));
  const auto second = Delete("alice", document.id);
  ASSERT_TRUE(second.ok());
  EXPECT_FALSE(second->has_value());
  const auto found = store_->Find(call_, document.id);
  ASSERT_TRUE(found.ok() && *found);
  EXPECT_EQ((*found)->state, DocumentState::kFailed);
  EXPECT_EQ((*found)->object_key, document.object_key);
  const Document again = Store("alice", "notes.txt", 7);
  EXPECT_EQ(again.object_key, document.object_key);
  ExpectConsistent();
}

TEST_F(DocumentsTest, OnlyTheOwnersCompletedDocumentIsDeleted) {
  const Document document = Store("alice", "notes.txt");
  EXPECT_FALSE(Delete("bob", document.id)->has_value());
  EXPECT_FALSE(Delete("ALICE", document.id)->has_value());
  EXPECT_FALSE(Delete("alice ", document.id)->has_value());
  const ReserveRequest pending = Request("alice", "pending.txt");
  ASSERT_TRUE(store_->Reserve(call_, pending).ok());
  EXPECT_FALSE(Delete("alice", pending.id)->has_value());
  EXPECT_EQ(UsageOf("alice").file_count, 1);
  EXPECT_EQ(UsageOf("bob").updated_at, std::nullopt);
  ExpectConsistent();
}

TEST_F(DocumentsTest, OfSixteenDeletesOfOneDocumentExactlyOneCounts) {
  const Document document = Store("alice", "notes.txt");
  Store("alice", "other.txt");
  std::atomic<int> deleted{0};
  Race(16, [&](int) {
    const auto deletion = Delete("alice", document.id);
    EXPECT_TRUE(deletion.ok());
    if (deletion.ok() && *deletion) ++deleted;
  });
  EXPECT_EQ(deleted, 1);
  EXPECT_EQ(UsageOf("alice").file_count, 1);
  ExpectConsistent();
}

TEST_F(DocumentsTest, AListIsNewestFirstAndHasCompletedDocumentsOnly) {
  Store("alice", "first.txt");
  clock_.Advance(milliseconds(1));
  const Document deleted = Store("alice", "deleted.txt");
  clock_.Advance(milliseconds(1));
  Store("alice", "third.txt");
  Store("bob", "other.txt");
  ASSERT_TRUE(store_->Reserve(call_, Request("alice", "pending.txt")).ok());
  const ReserveRequest failed = Request("alice", "failed.txt");
  ASSERT_TRUE(store_->Reserve(call_, failed).ok());
  ASSERT_TRUE(store_->Fail(call_, failed.id, failed.attempt).ok());
  ASSERT_TRUE(Delete("alice", deleted.id).ok());
  EXPECT_THAT(Filenames(Query("alice")), ElementsAre("third.txt", "first.txt"));
  const ListPage page = List(Query("alice"));
  EXPECT_EQ(page.total_count, 2);
  EXPECT_FALSE(page.more);
  EXPECT_EQ(List(Query("nobody")).total_count, 0);
}

TEST_F(DocumentsTest, FiltersAreExact) {
  Store("alice", "a.txt", 1, "general");
  Store("alice", "b.txt", 1, "General");
  Store("alice", "c.txt", 1, "general ");
  Store("alice", "d.txt", 1, "%");
  ListQuery query = Query("alice");
  query.category = "general";
  EXPECT_THAT(Filenames(query), ElementsAre("a.txt"));
  EXPECT_EQ(List(query).total_count, 1);
  query.category = "%";
  EXPECT_THAT(Filenames(query), ElementsAre("d.txt"));
  query.category = "g_neral";
  EXPECT_EQ(List(query).total_count, 0);
}

TEST_F(DocumentsTest, ADayIsTheUtcDayOfCreation) {
  // The clock stands at 22:57:00.123 of 2026-11-23.
  Store("alice", "today.txt");
  clock_.Advance(std::chrono::minutes(62) + seconds(59) + milliseconds(876));
  Store("alice", "last.txt");
  clock_.Advance(milliseconds(1));
  Store("alice", "midnight.txt");
  ListQuery query = Query("alice");
  query.day = ParseDay("2026-11-23");
  EXPECT_THAT(Filenames(query), ElementsAre("last.txt", "today.txt"));
  EXPECT_EQ(List(query).total_count, 2);
  query.day = ParseDay("2026-11-24");
  query.category = "general";
  EXPECT_THAT(Filenames(query), ElementsAre("midnight.txt"));
  query.day = ParseDay("2026-11-25");
  EXPECT_EQ(List(query).total_count, 0);
}

TEST_F(DocumentsTest, PagesPartitionTheList) {
  std::set<std::string> stored;
  for (int i = 0; i < 57; ++i) {
    stored.insert(Store("alice", std::to_string(i) + ".txt").id.value());
    if (i % 10 == 0) clock_.Advance(milliseconds(1));  // many share a millisecond
  }
  for (const int page_size : {1, 7, 56, 57, 58, 100}) {
    const std::vector<std::string> listed = ListAll(Query("alice", page_size));
    EXPECT_EQ(listed.size(), stored.size()) << page_size;
    EXPECT_EQ(std::set<std::string>(listed.begin(), listed.end()), stored) << page_size;
  }
  const ListPage full = List(Query("alice", 57));
  EXPECT_FALSE(full.more) << "a full last page is the last";
  ListQuery query = Query("alice", 10);
  query.after = CursorAfter(List(query));
  EXPECT_EQ(List(query).total_count, 57) << "the count does not depend on the cursor";
}

TEST_F(DocumentsTest, ACursorOutlivesItsDocument) {
  std::vector<Document> documents;
  for (int i = 0; i < 6; ++i) {
    documents.push_back(Store("alice", std::to_string(i)));
    clock_.Advance(milliseconds(1));
  }
  ListQuery query = Query("alice", 2);
  query.after = CursorAfter(List(query));
  ASSERT_TRUE(Delete("alice", documents[4].id)->has_value());
  EXPECT_THAT(Filenames(query), ElementsAre("3", "2"));
}

TEST_F(DocumentsTest, PagesNeitherSkipNorRepeatWhileDocumentsComeAndGo) {
  std::set<std::string> staying;
  std::vector<Document> leaving;
  for (int i = 0; i < 120; ++i) {
    const Document document = Store("alice", "stays" + std::to_string(i), 1);
    staying.insert(document.id.value());
    leaving.push_back(Store("alice", "leaves" + std::to_string(i), 1));
    clock_.Advance(milliseconds(i % 3));
  }
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (std::size_t i = 0; !stop; ++i) {
      clock_.Advance(milliseconds(1));
      Store("alice", "new" + std::to_string(i), 1);
      if (i < leaving.size()) {
        EXPECT_TRUE(Delete("alice", leaving[i].id)->has_value());
      }
    }
  });
  for (int round = 0; round < 15; ++round) {
    std::vector<std::string> listed = ListAll(Query("alice", 7));
    std::sort(listed.begin(), listed.end());
    EXPECT_EQ(std::adjacent_find(listed.begin(), listed.end()), listed.end()) << "repeated";
    EXPECT_TRUE(std::includes(listed.begin(), listed.end(), staying.begin(), staying.end()))
        << "skipped";
  }
  stop = true;
  writer.join();
  ExpectConsistent();
}

TEST_F(DocumentsTest, TotalCountAndPageAreOneSnapshot) {
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (int i = 0; !stop; ++i) {
      const Document document = Store("alice", std::to_string(i), 1);
      if (i % 2 == 0) {
        EXPECT_TRUE(Delete("alice", document.id)->has_value());
      }
    }
  });
  for (int round = 0; round < 200; ++round) {
    const ListPage page = List(Query("alice", 100));
    if (page.more) break;
    EXPECT_EQ(page.total_count, static_cast<std::int64_t>(page.documents.size()));
  }
  stop = true;
  writer.join();
}

TEST_F(DocumentsTest, ARowThatAnotherProgramWroteIsADocument) {
  RunForeign(
      "INSERT INTO rag_document (id, status, user_id, category, filename, path, size, mime_type, "
      "created_at, updated_at) VALUES ('11111111-1111-4111-8111-111111111111', 'COMPLETED', "
      "'alice', 'general', 'f.txt', 'documents/alice/general/2020-01-01/f.txt', 42, 'text/plain', "
      "1577836800000, 1577836800000)");
  const DocumentId id("11111111-1111-4111-8111-111111111111");
  const auto found = store_->Find(call_, id);
  ASSERT_TRUE(found.ok() && *found);
  EXPECT_EQ((*found)->object_key, "documents/alice/general/2020-01-01/f.txt");
  EXPECT_TRUE((*found)->attempt.empty());
  EXPECT_TRUE((*found)->version.empty());
  EXPECT_TRUE((*found)->sha256.empty());
  EXPECT_EQ(List(Query("alice")).total_count, 1);
  EXPECT_EQ(store_->FindUsageMismatches(call_)->size(), 1U);
  ASSERT_TRUE(store_->RepairUsage(call_, UserId("alice")).ok());
  EXPECT_EQ(UsageOf("alice").total_bytes, 42);
  ASSERT_TRUE(store_->RecordHash(call_, id, ContentHash(std::string(64, 'b'))).ok());
  EXPECT_EQ((*store_->Find(call_, id))->sha256.value(), std::string(64, 'b'));
  ASSERT_TRUE(store_->RecordVersion(call_, id, ObjectVersion("v1")).ok());
  EXPECT_EQ((*store_->Find(call_, id))->version.value(), "v1");
  const auto deletion = Delete("alice", id);
  ASSERT_TRUE(deletion.ok() && *deletion);
  EXPECT_EQ((*deletion)->document.object_key, "documents/alice/general/2020-01-01/f.txt");
  EXPECT_EQ(store_->FindGarbage(call_, std::nullopt, 10)->size(), 1U);
  ASSERT_TRUE(store_->Forget(call_, id, AttemptId()).ok());
  EXPECT_EQ(*store_->Find(call_, id), std::nullopt);
  ExpectConsistent();
}

TEST_F(DocumentsTest, TheTotalCountsWhatAnotherProgramWroteToo) {
  Store("alice", "one.txt");
  Store("alice", "two.txt");
  EXPECT_EQ(List(Query("alice")).total_count, 2);
  RunForeign(
      "INSERT INTO rag_document (id, status, user_id, category, filename, path, size, mime_type, "
      "created_at, updated_at) VALUES ('x', 'COMPLETED', 'alice', 'general', 'f', 'p', 42, 't', "
      "1, 1)");
  EXPECT_EQ(List(Query("alice")).total_count, 3);
  ASSERT_TRUE(Delete("alice", DocumentId("x")).ok());
  ASSERT_TRUE(store_->RepairUsage(call_, UserId("alice")).ok());
  EXPECT_EQ(List(Query("alice")).total_count, 2);
}

TEST_F(DocumentsTest, DeletingAnUncountedDocumentStopsTheCountersAtZero) {
  RunForeign(
      "INSERT INTO rag_document (id, status, user_id, category, filename, path, size, mime_type, "
      "created_at, updated_at) VALUES ('x', 'COMPLETED', 'alice', 'general', 'f', 'p', 42, 't', "
      "1, 1)");
  const auto deletion = Delete("alice", DocumentId("x"));
  ASSERT_TRUE(deletion.ok() && *deletion) << deletion.status().ToString();
  EXPECT_EQ((*deletion)->usage.file_count, 0);
  EXPECT_EQ((*deletion)->usage.total_bytes, 0);
  ExpectConsistent();
}

TEST_F(DocumentsTest, AHashIsRecordedOnlyWhereNoneIs) {
  const Document document = Store("alice", "notes.txt");
  EXPECT_TRUE(store_->RecordHash(call_, document.id, document.sha256).ok());
  EXPECT_TRUE(store_->RecordHash(call_, document.id, ContentHash(std::string(64, 'c')))
                  .Is(Reason::kDocumentNotFound));
  EXPECT_EQ((*store_->Find(call_, document.id))->sha256, document.sha256);
}

TEST_F(DocumentsTest, ListingsReadTheirIndexesAlone) {
  Store("alice", "notes.txt");
  const auto plan_of = [&](const std::string& sql) {
    std::string plan;
    const auto rows = Foreign()->Query("EXPLAIN QUERY PLAN " + sql, {},
                                       [&](const SqlRow& row) { plan += row.Text(3); });
    EXPECT_TRUE(rows.ok());
    return plan;
  };
  const std::string count = "SELECT COUNT(*) FROM rag_document WHERE user_id = ? ";
  const std::string completed = "AND status = 'COMPLETED' ";
  using ::testing::HasSubstr;
  using ::testing::Not;
  EXPECT_THAT(plan_of("SELECT EXISTS (SELECT 1 FROM rag_document WHERE user_id = ? " + completed +
                      "AND attempt IS NULL)"),
              HasSubstr("COVERING INDEX rag_document_foreign_idx"));
  EXPECT_THAT(plan_of(count + completed), HasSubstr("COVERING INDEX rag_document_listing_idx"));
  EXPECT_THAT(plan_of(count + completed + "AND category = ?"),
              HasSubstr("COVERING INDEX rag_document_category_listing_idx"));
  const std::string page =
      plan_of("SELECT filename FROM rag_document WHERE user_id = ? " + completed +
              "AND created_at <= ? AND (created_at < ? OR id < ?) "
              "ORDER BY created_at DESC, id DESC LIMIT ?");
  EXPECT_THAT(page, HasSubstr("created_at<?"));
  EXPECT_THAT(page, Not(HasSubstr("TEMP B-TREE")));
}

TEST_F(DocumentsTest, TextThatIsNoUtf8IsShownAsFarAsItCanBe) {
  RunForeign(
      "INSERT INTO rag_document (id, status, user_id, category, filename, path, size, mime_type, "
      "created_at, updated_at) VALUES (CAST(X'69FF' AS TEXT), 'COMPLETED', 'alice', "
      "CAST(X'63FF' AS TEXT), CAST(X'66FF' AS TEXT), CAST(X'70FF' AS TEXT), 1, "
      "CAST(X'6DFF' AS TEXT), 1, 1);"
      "INSERT INTO user_usage (user_id, file_count, total_bytes, updated_at) "
      "VALUES (CAST(X'75FF' AS TEXT), 1, 1, 1);");
  const ListPage page = List(Query("alice"));
  ASSERT_EQ(page.documents.size(), 1U);
  EXPECT_EQ(page.documents[0].filename, "f\uFFFD");
  EXPECT_EQ(page.documents[0].category, "c\uFFFD");
  EXPECT_EQ(page.documents[0].mime_type, "m\uFFFD");
  EXPECT_EQ(page.documents[0].id.value(), "i\xFF") << "it names the row";
  EXPECT_EQ(store_->GetStorageTotals(call_, 1)->largest_users[0].user.value(), "u\uFFFD");
}

}  // namespace
}  // namespace satchel
