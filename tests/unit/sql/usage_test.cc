// Usage and quota: read, set, proved, recounted.
#include <gmock/gmock.h>

#include "unit/sql/sqlite_fixture.h"

namespace satchel {
namespace {

using ::testing::Eq;
using ::testing::Optional;

class UsageTest : public SqliteStoreTest {};

TEST_F(UsageTest, AUserWithoutARowHasZeros) {
  const Usage usage = UsageOf("nobody");
  EXPECT_EQ(usage.user.value(), "nobody");
  EXPECT_EQ(usage.file_count, 0);
  EXPECT_EQ(usage.total_bytes, 0);
  EXPECT_EQ(usage.reserved_bytes, 0);
  EXPECT_EQ(usage.quota_bytes, kDefaultQuota);
  EXPECT_FALSE(usage.quota_is_own);
  EXPECT_EQ(usage.updated_at, std::nullopt);
}

TEST_F(UsageTest, AQuotaAloneIsNoUpdateOfTheUsage) {
  ASSERT_TRUE(store_->SetQuota(call_, UserId("alice"), 5).ok());
  Usage usage = UsageOf("alice");
  EXPECT_EQ(usage.quota_bytes, 5);
  EXPECT_TRUE(usage.quota_is_own);
  EXPECT_EQ(usage.updated_at, std::nullopt);
  ASSERT_TRUE(store_->SetQuota(call_, UserId("alice"), std::nullopt).ok());
  usage = UsageOf("alice");
  EXPECT_EQ(usage.quota_bytes, kDefaultQuota);
  EXPECT_FALSE(usage.quota_is_own);
}

TEST_F(UsageTest, AUserWhoDeletedEverythingWasUpdated) {
  const Document document = Store("alice", "notes.txt");
  clock_.Advance(std::chrono::seconds(1));
  ASSERT_TRUE(
      store_->Delete(call_, UserId("alice"), document.id, std::chrono::seconds(0), kDefaultQuota)
          .ok());
  const Timestamp deleted_at = clock_.WallNow();
  clock_.Advance(std::chrono::seconds(1));
  ASSERT_TRUE(store_->Reserve(call_, Request("alice", "pending.txt")).ok());
  const Usage usage = UsageOf("alice");
  EXPECT_EQ(usage.file_count, 0);
  EXPECT_THAT(usage.updated_at, Optional(Eq(deleted_at)));
}

TEST_F(UsageTest, AQuotaBelowTheUsageOnlyStopsGrowth) {
  const Document document = Store("alice", "notes.txt", 100);
  ASSERT_TRUE(store_->SetQuota(call_, UserId("alice"), 50).ok());
  const Status over = store_->Reserve(call_, Request("alice", "b.txt", 1)).status();
  EXPECT_TRUE(over.Is(Reason::kQuotaExceeded));
  EXPECT_EQ(over.metadata().at("limit"), "50");
  EXPECT_EQ(over.metadata().at("used"), "100");
  ASSERT_TRUE(
      store_->Delete(call_, UserId("alice"), document.id, std::chrono::seconds(0), kDefaultQuota)
          .ok());
  EXPECT_TRUE(store_->Reserve(call_, Request("alice", "b.txt", 50)).ok());
}

TEST_F(UsageTest, TotalsNameTheLargestUsersFirst) {
  EXPECT_EQ(store_->GetStorageTotals(call_, 10)->total_bytes, 0);
  Store("alice", "a", 10);
  Store("bob", "a", 30);
  Store("carol", "a", 20);
  Store("dave", "a", 20);
  ASSERT_TRUE(store_->SetQuota(call_, UserId("erin"), 1).ok());
  ASSERT_TRUE(store_->Reserve(call_, Request("frank", "a")).ok());
  const auto totals = store_->GetStorageTotals(call_, 3);
  ASSERT_TRUE(totals.ok()) << totals.status().ToString();
  EXPECT_EQ(totals->total_bytes, 80);
  EXPECT_EQ(totals->users_omitted, 1);
  ASSERT_EQ(totals->largest_users.size(), 3U);
  EXPECT_EQ(totals->largest_users[0].user.value(), "bob");
  EXPECT_EQ(totals->largest_users[0].bytes, 30);
  EXPECT_EQ(totals->largest_users[1].user.value(), "carol");
  EXPECT_EQ(totals->largest_users[2].user.value(), "dave");
}

TEST_F(UsageTest, EveryKindOfMismatchIsFoundAndRepaired) {
  Store("right", "a", 10);
  Store("files", "a", 10);
  Store("bytes", "a", 10);
  Store("reserved", "a", 10);
  Store("rowless", "a", 10);
  const Timestamp stored_at = clock_.WallNow();
  clock_.Advance(std::chrono::seconds(9));
  RunForeign(
      "UPDATE user_usage SET file_count = 7 WHERE user_id = 'files';"
      "UPDATE user_usage SET total_bytes = 7 WHERE user_id = 'bytes';"
      "UPDATE user_usage SET reserved_bytes = 7 WHERE user_id = 'reserved';"
      "DELETE FROM user_usage WHERE user_id = 'rowless';"
      "INSERT INTO user_usage (user_id, file_count, total_bytes, updated_at, quota_bytes) "
      "VALUES ('documentless', 1, 1, 1, 99);");
  const auto found = store_->FindUsageMismatches(call_);
  ASSERT_TRUE(found.ok()) << found.status().ToString();
  ASSERT_EQ(found->size(), 5U);
  EXPECT_EQ((*found)[1].recorded.user.value(), "documentless");
  EXPECT_EQ((*found)[1].recorded.quota_bytes, 99);
  EXPECT_EQ((*found)[1].counted.file_count, 0);
  EXPECT_EQ((*found)[2].recorded.user.value(), "files");
  EXPECT_EQ((*found)[2].recorded.file_count, 7);
  EXPECT_EQ((*found)[2].counted.file_count, 1);
  EXPECT_EQ((*found)[3].recorded.reserved_bytes, 7);
  EXPECT_EQ((*found)[3].counted.reserved_bytes, 0);
  EXPECT_EQ((*found)[4].counted.user.value(), "rowless");
  EXPECT_EQ((*found)[4].counted.total_bytes, 10);
  for (const UsageMismatch& mismatch : *found) {
    ASSERT_TRUE(store_->RepairUsage(call_, mismatch.counted.user).ok());
  }
  ExpectConsistent();
  EXPECT_EQ(UsageOf("rowless").total_bytes, 10);
  EXPECT_THAT(UsageOf("reserved").updated_at, Optional(Eq(stored_at)));
  EXPECT_THAT(UsageOf("bytes").updated_at, Optional(Eq(clock_.WallNow())));
}

TEST_F(UsageTest, SumsBeyondAllBoundsAreCutShort) {
  // Of each two rows of 2^62 bytes by another program, and one that is being uploaded.
  RunForeign(
      "INSERT INTO rag_document (id, status, user_id, category, filename, path, size, mime_type, "
      "created_at, updated_at, attempt) "
      "SELECT user || id, status, user, 'general', 'f', user || id, 4611686018427387904, 't', 1, "
      "1, 'a' FROM (SELECT 'x' AS id, 'COMPLETED' AS status UNION ALL SELECT 'y', 'COMPLETED' "
      "UNION ALL SELECT 'z', 'PENDING'), (SELECT 'alice' AS user UNION ALL SELECT 'bob')");
  Store("carol", "a", 10);
  auto found = store_->FindUsageMismatches(call_);
  ASSERT_TRUE(found.ok()) << found.status().ToString();
  ASSERT_EQ(found->size(), 2U);
  for (const UsageMismatch& mismatch : *found) {
    EXPECT_GT(mismatch.counted.total_bytes, std::int64_t{1} << 60);
    EXPECT_GT(mismatch.counted.reserved_bytes, std::int64_t{1} << 60);
    ASSERT_TRUE(store_->RepairUsage(call_, mismatch.counted.user).ok());
  }
  ExpectConsistent();
  EXPECT_GT(store_->GetStorageTotals(call_, 10)->total_bytes, std::int64_t{1} << 60);
  const auto refused = store_->Reserve(call_, Request("alice", "b", 1));
  EXPECT_TRUE(refused.status().Is(Reason::kQuotaExceeded)) << refused.status().ToString();
  const auto deleted = store_->Delete(call_, UserId("alice"), DocumentId("alicex"),
                                      std::chrono::seconds(0), kDefaultQuota);
  EXPECT_TRUE(deleted.ok() && *deleted) << deleted.status().ToString();
}

TEST_F(UsageTest, APendingRowOfAnotherProgramReservesNothing) {
  RunForeign(
      "INSERT INTO rag_document (id, status, user_id, category, filename, path, size, mime_type, "
      "created_at, updated_at) VALUES ('x', 'PENDING', 'alice', 'general', 'f', 'p', 42, 't', "
      "1, 1)");
  ExpectConsistent();
  EXPECT_TRUE(store_->FindExpiredUploads(call_, std::nullopt, 10)->empty());
  ASSERT_TRUE(store_->Reserve(call_, Request("alice", "a", 5)).ok());
  ASSERT_TRUE(store_->Fail(call_, DocumentId("x"), AttemptId()).ok());
  EXPECT_EQ(UsageOf("alice").reserved_bytes, 5);
  ExpectConsistent();
}

TEST_F(UsageTest, APendingRowOfAnotherProgramIsNotCompleted) {
  RunForeign(
      "INSERT INTO rag_document (id, status, user_id, category, filename, path, size, mime_type, "
      "created_at, updated_at) VALUES ('x', 'PENDING', 'alice', 'general', 'f', 'p', 42, 't', "
      "1, 1)");
  ReserveRequest foreign = Request("alice", "f", 42);
  foreign.id = DocumentId("x");
  EXPECT_TRUE(Complete(foreign).status().Is(Reason::kUploadAborted));
  foreign.attempt = AttemptId();
  EXPECT_TRUE(Complete(foreign).status().Is(Reason::kUploadAborted));
  EXPECT_EQ((*store_->Find(call_, foreign.id))->state, DocumentState::kPending);
  EXPECT_EQ(UsageOf("alice").file_count, 0);
  ExpectConsistent();
}

TEST_F(UsageTest, CountersStayExactUnderAMixedLoad) {
  Race(8, [&](int worker) {
    const std::string user = worker % 2 == 0 ? "even" : "odd";
    for (int i = 0; i < 25; ++i) {
      const ReserveRequest request =
          Request(user, std::to_string(worker) + "-" + std::to_string(i), 10 + i);
      ASSERT_TRUE(store_->Reserve(call_, request).ok());
      if (i % 3 == 0) {
        EXPECT_TRUE(store_->Fail(call_, request.id, request.attempt).ok());
        continue;
      }
      EXPECT_TRUE(Complete(request).ok());
      if (i % 3 == 1) {
        EXPECT_TRUE(
            store_->Delete(call_, request.user, request.id, std::chrono::seconds(0), kDefaultQuota)
                .ok());
      }
      EXPECT_TRUE(store_->FindUsageMismatches(call_)->empty()) << "exact at every commit";
    }
  });
  EXPECT_EQ(UsageOf("even").file_count, 4 * 8);
  EXPECT_EQ(UsageOf("odd").reserved_bytes, 0);
  ExpectConsistent();
}

}  // namespace
}  // namespace satchel
