// Documents, lists and usage, as callers read them.

#include <set>

#include "contract/metadata_store_contract.h"

namespace satchel {
namespace {

using namespace std::chrono_literals;

TEST_P(MetadataStoreContract, OnlyTheOwnersCompletedDocumentIsDeleted) {
  const Document stored = Completed(Request("alice", "a.txt", 10));
  const Document pending = Pending(Request("alice", "b.txt", 20));
  EXPECT_EQ(store().Delete(call_, UserId("ALICE"), stored.id, 0s, kQuota).value(), std::nullopt);
  EXPECT_EQ(store().Delete(call_, UserId("alice"), pending.id, 0s, kQuota).value(), std::nullopt);
  EXPECT_EQ(StateOf(stored), DocumentState::kCompleted);
  EXPECT_EQ(StateOf(pending), DocumentState::kPending);

  const Deletion deletion =
      store().Delete(call_, UserId("alice"), stored.id, 0s, kQuota).value().value();
  EXPECT_EQ(deletion.document.id, stored.id);
  EXPECT_EQ(deletion.document.object_key, stored.object_key);
  EXPECT_EQ(deletion.document.version, stored.version);
  EXPECT_EQ(deletion.usage.total_bytes, 0);
  EXPECT_EQ(deletion.usage.file_count, 0);
  EXPECT_EQ(deletion.usage.reserved_bytes, 20);
  EXPECT_EQ(deletion.usage.quota_bytes, kQuota);
  EXPECT_EQ(StateOf(stored), DocumentState::kFailed);
  EXPECT_EQ(store().Delete(call_, UserId("alice"), stored.id, 0s, kQuota).value(), std::nullopt);
  EXPECT_EQ(UsageOf("alice").total_bytes, 0) << "given back once";
  EXPECT_EQ(Completed(Request("alice", "a.txt", 10)).object_key, stored.object_key)
      << "the name is free at once";
}

TEST_P(MetadataStoreContract, AListIsNewestFirstAndHoldsOnlyCompletedDocuments) {
  std::vector<std::string> expected;
  for (const char* name : {"a.txt", "b.txt", "c.txt", "d.txt"}) {
    Completed(Request("alice", name, 1));
    expected.insert(expected.begin(), name);
    PassTime(2ms);
  }
  Pending(Request("alice", "pending.txt", 1));
  Deleted(Request("alice", "deleted.txt", 1), 0s);
  const Document failed = Pending(Request("alice", "failed.txt", 1));
  ASSERT_TRUE(store().Fail(call_, failed.id, failed.attempt).ok());
  Completed(Request("bob", "other.txt", 1));
  ListQuery query;
  query.user = UserId("alice");
  query.page_size = 100;
  const ListPage page = store().List(call_, query).value();
  EXPECT_EQ(FilenamesOf(page.documents), expected);
  EXPECT_EQ(page.total_count, 4);
  EXPECT_FALSE(page.more);
}

TEST_P(MetadataStoreContract, PagesNeitherSkipNorRepeat) {
  // Several at the same millisecond, so that ids decide.
  for (int i = 0; i < 25; ++i) {
    Completed(Request("alice", std::to_string(i) + ".txt", 1));
    if (i % 5 == 4) PassTime(2ms);
  }
  ListQuery query;
  query.user = UserId("alice");
  for (const int page_size : {1, 7, 25, 100}) {
    query.page_size = page_size;
    query.after.reset();
    std::vector<Document> all;
    bool more = true;
    while (more) {
      const ListPage page = store().List(call_, query).value();
      EXPECT_EQ(page.total_count, 25);
      EXPECT_LE(page.documents.size(), static_cast<std::size_t>(page_size));
      ASSERT_FALSE(page.documents.empty());
      all.insert(all.end(), page.documents.begin(), page.documents.end());
      query.after = ListCursor{all.back().created_at, all.back().id};
      more = page.more;
    }
    EXPECT_EQ(all.size(), 25U);
    const std::vector<std::string> names = FilenamesOf(all);
    EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), 25U);
    for (std::size_t i = 1; i < all.size(); ++i) {
      EXPECT_GE(all[i - 1].created_at, all[i].created_at);
    }
  }
}

TEST_P(MetadataStoreContract, ACursorOutlivesItsDocument) {
  std::vector<Document> stored;
  for (int i = 0; i < 6; ++i) {
    stored.push_back(Completed(Request("alice", std::to_string(i) + ".txt", 1)));
    PassTime(2ms);
  }
  ListQuery query;
  query.user = UserId("alice");
  query.page_size = 3;
  const ListPage first = store().List(call_, query).value();
  EXPECT_EQ(FilenamesOf(first.documents), (std::vector<std::string>{"5.txt", "4.txt", "3.txt"}));
  EXPECT_TRUE(first.more);
  ASSERT_TRUE(store().Delete(call_, UserId("alice"), stored[3].id, 0s, kQuota).ok());
  Completed(Request("alice", "new.txt", 1));
  query.after = ListCursor{stored[3].created_at, stored[3].id};
  const ListPage second = store().List(call_, query).value();
  EXPECT_EQ(FilenamesOf(second.documents), (std::vector<std::string>{"2.txt", "1.txt", "0.txt"}));
  EXPECT_FALSE(second.more);
  EXPECT_EQ(second.total_count, 6);
}

TEST_P(MetadataStoreContract, FiltersMatchExactly) {
  for (const char* category : {"math", "MATH", "math ", "m%", "m_th", "%"}) {
    ReserveRequest request = Request("alice", "a.txt", 1);
    request.category = category;
    Completed(request);
  }
  ListQuery query;
  query.user = UserId("alice");
  query.page_size = 100;
  for (const char* category : {"math", "MATH", "math ", "m%", "m_th", "%"}) {
    query.category = category;
    const ListPage page = store().List(call_, query).value();
    ASSERT_EQ(page.documents.size(), 1U) << category;
    EXPECT_EQ(page.documents[0].category, category);
    EXPECT_EQ(page.total_count, 1);
  }
  query.category = "mat";
  EXPECT_EQ(store().List(call_, query).value().total_count, 0);
  query.category.reset();
  const Day today = std::chrono::floor<std::chrono::days>(store().Now(call_).value());
  query.day = today;
  const std::int64_t of_today = store().List(call_, query).value().total_count;
  query.day = today - std::chrono::days(1);
  const std::int64_t of_yesterday = store().List(call_, query).value().total_count;
  EXPECT_EQ(of_today + of_yesterday, 6) << "the test may run at midnight";
  EXPECT_GT(of_today + of_yesterday, 0);
  query.day = today + std::chrono::days(1);
  EXPECT_EQ(store().List(call_, query).value().total_count, 0);
}

TEST_P(MetadataStoreContract, AnUnknownUserHasZeros) {
  const Usage usage = UsageOf("nobody");
  EXPECT_EQ(usage.user.value(), "nobody");
  EXPECT_EQ(usage.file_count, 0);
  EXPECT_EQ(usage.total_bytes, 0);
  EXPECT_EQ(usage.reserved_bytes, 0);
  EXPECT_EQ(usage.quota_bytes, kQuota);
  EXPECT_FALSE(usage.quota_is_own);
  EXPECT_FALSE(usage.updated_at.has_value());
  DocumentId none = Request("nobody", "a.txt").id;
  EXPECT_EQ(store().Find(call_, none).value(), std::nullopt);
  EXPECT_EQ(store().Find(call_, DocumentId("no uuid ' at all")).value(), std::nullopt);
}

TEST_P(MetadataStoreContract, TotalsShowTheLargestUsersFirst) {
  Completed(Request("small", "a.txt", 1));
  Completed(Request("large", "a.txt", 500));
  Completed(Request("middle", "a.txt", 20));
  Completed(Request("middle", "b.txt", 30));
  Pending(Request("small", "b.txt", 900));
  const StorageTotals totals = store().GetStorageTotals(call_, 2).value();
  EXPECT_EQ(totals.total_bytes, 551);
  ASSERT_EQ(totals.largest_users.size(), 2U);
  EXPECT_EQ(totals.largest_users[0].user.value(), "large");
  EXPECT_EQ(totals.largest_users[0].bytes, 500);
  EXPECT_EQ(totals.largest_users[1].user.value(), "middle");
  EXPECT_EQ(totals.largest_users[1].bytes, 50);
  EXPECT_EQ(totals.users_omitted, 1);
}

TEST_P(MetadataStoreContract, WhatWasAnsweredSurvivesTheProcess) {
  const Document stored = Completed(Request("alice", "a.txt", 10));
  const Document pending = Pending(Request("alice", "b.txt", 20));
  const Document deleted = Deleted(Request("alice", "c.txt", 30), 0s);
  ASSERT_TRUE(store().SetQuota(call_, UserId("alice"), 77).ok());
  Reopen();
  EXPECT_EQ(StateOf(stored), DocumentState::kCompleted);
  EXPECT_EQ(StateOf(pending), DocumentState::kPending);
  EXPECT_EQ(StateOf(deleted), DocumentState::kFailed);
  const Usage usage = UsageOf("alice");
  EXPECT_EQ(usage.total_bytes, 10);
  EXPECT_EQ(usage.reserved_bytes, 20);
  EXPECT_EQ(usage.quota_bytes, 77);
}

}  // namespace
}  // namespace satchel
