// What the sweeper and fsck ask for, and what pairs database and object store.
#include <gmock/gmock.h>

#include "unit/sql/sqlite_fixture.h"

namespace satchel {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class SweepingTest : public SqliteStoreTest {
 protected:
  std::vector<std::string> Names(const std::vector<Document>& documents) {
    std::vector<std::string> names;
    for (const Document& document : documents) names.push_back(document.filename);
    return names;
  }

  ReserveRequest Pending(const std::string& filename, seconds lease) {
    ReserveRequest request = Request("alice", filename);
    request.lease = lease;
    EXPECT_TRUE(store_->Reserve(call_, request).ok());
    return request;
  }
};

TEST_F(SweepingTest, AnUploadExpiresWithItsLease) {
  Pending("long", seconds(100));
  Pending("short", seconds(10));
  Pending("middle", seconds(20));
  Store("alice", "stored");
  EXPECT_THAT(*store_->FindExpiredUploads(call_, std::chrono::seconds(0), 10), IsEmpty());
  clock_.Advance(seconds(10) - milliseconds(1));
  EXPECT_THAT(*store_->FindExpiredUploads(call_, std::chrono::seconds(0), 10), IsEmpty());
  clock_.Advance(milliseconds(1));
  EXPECT_THAT(*store_->FindExpiredUploads(call_, seconds(1), 10), IsEmpty());
  EXPECT_THAT(Names(*store_->FindExpiredUploads(call_, std::chrono::seconds(0), 10)),
              ElementsAre("short"));
  clock_.Advance(seconds(10));
  EXPECT_THAT(Names(*store_->FindExpiredUploads(call_, std::chrono::seconds(0), 10)),
              ElementsAre("short", "middle"));
  EXPECT_THAT(Names(*store_->FindExpiredUploads(call_, std::chrono::seconds(0), 1)),
              ElementsAre("short"));
  EXPECT_THAT(Names(*store_->FindExpiredUploads(call_, std::nullopt, 10)),
              ElementsAre("short", "middle", "long"));
}

TEST_F(SweepingTest, GarbageIsDueAfterItsRetention) {
  const Document stored = Store("alice", "deleted");
  clock_.Advance(seconds(1));
  ASSERT_TRUE(store_->Delete(call_, stored.user, stored.id, hours(24), kDefaultQuota).ok());
  const Timestamp due = clock_.WallNow() + hours(24);
  const ReserveRequest failed = Pending("failed", seconds(10));
  ASSERT_TRUE(store_->Fail(call_, failed.id, failed.attempt).ok());
  auto garbage = store_->FindGarbage(call_, std::nullopt, 10);
  ASSERT_TRUE(garbage.ok());
  ASSERT_EQ(garbage->size(), 1U);
  EXPECT_EQ((*garbage)[0].document.id, failed.id);
  EXPECT_EQ((*garbage)[0].document.attempt, failed.attempt);
  EXPECT_EQ((*garbage)[0].due_at, clock_.WallNow());
  clock_.Advance(hours(24));
  garbage = store_->FindGarbage(call_, std::nullopt, 10);
  ASSERT_EQ(garbage->size(), 2U);
  EXPECT_EQ((*garbage)[0].document.id, failed.id) << "oldest first";
  EXPECT_EQ((*garbage)[1].document.id, stored.id);
  EXPECT_EQ((*garbage)[1].due_at, due);
  EXPECT_EQ((*garbage)[1].document.version, stored.version);
  EXPECT_EQ(store_->FindGarbage(call_, std::nullopt, 1)->size(), 1U);
  ASSERT_TRUE(store_->Forget(call_, stored.id, stored.attempt).ok());
  EXPECT_EQ(store_->FindGarbage(call_, std::nullopt, 10)->size(), 1U);
}

TEST_F(SweepingTest, GarbageWithoutRetentionIsDueWhateverTheClockSays) {
  const Document stored = Store("alice", "deleted");
  ASSERT_TRUE(store_->Delete(call_, stored.user, stored.id, seconds(0), kDefaultQuota).ok());
  const ReserveRequest failed = Pending("failed", seconds(10));
  ASSERT_TRUE(store_->Fail(call_, failed.id, failed.attempt).ok());
  const Timestamp then = clock_.WallNow();
  clock_.Advance(-hours(48));
  auto garbage = store_->FindGarbage(call_, std::nullopt, 10);
  ASSERT_EQ(garbage->size(), 2U);
  for (const Garbage& row : *garbage) EXPECT_EQ(row.due_at, then);
  RunForeign("UPDATE rag_document SET purge_after = -86400000");
  garbage = store_->FindGarbage(call_, std::nullopt, 10);
  EXPECT_EQ(garbage->size(), 2U) << "times before 1970 are over too";
}

TEST_F(SweepingTest, GarbageIsFoundFromAPositionOn) {
  std::set<std::string> found;
  for (int i = 0; i < 7; ++i) {
    const Document stored = Store("alice", std::to_string(i));
    const seconds retention(i % 2);
    ASSERT_TRUE(store_->Delete(call_, stored.user, stored.id, retention, kDefaultQuota).ok());
  }
  clock_.Advance(hours(1));
  std::optional<GarbagePosition> after;
  for (std::size_t page = 0; page < 4; ++page) {
    const auto garbage = store_->FindGarbage(call_, after, 2);
    ASSERT_EQ(garbage->size(), page < 3 ? 2U : 1U);
    for (const Garbage& row : *garbage) found.insert(row.document.filename);
    after = garbage->back().position;
  }
  EXPECT_EQ(found.size(), 7U);
  EXPECT_TRUE(store_->FindGarbage(call_, after, 2)->empty());
}

TEST_F(SweepingTest, KnownAttemptsAreThoseOfAnyState) {
  const Document stored = Store("alice", "stored");
  const ReserveRequest pending = Pending("pending", seconds(10));
  const ReserveRequest failed = Pending("failed", seconds(10));
  ASSERT_TRUE(store_->Fail(call_, failed.id, failed.attempt).ok());
  std::vector<AttemptId> asked{stored.attempt, AttemptId("unknown"), AttemptId(), pending.attempt,
                               failed.attempt};
  EXPECT_THAT(*store_->FilterKnownAttempts(call_, asked),
              ElementsAre(stored.attempt, pending.attempt, failed.attempt));
  EXPECT_THAT(*store_->FilterKnownAttempts(call_, {}), IsEmpty());
  // More than one statement looks up.
  for (int i = 0; i < 200; ++i) asked.push_back(ids_.NewAttemptId());
  asked.push_back(pending.attempt);
  EXPECT_THAT(*store_->FilterKnownAttempts(call_, asked),
              ElementsAre(stored.attempt, pending.attempt, failed.attempt, pending.attempt));
}

TEST_F(SweepingTest, ObjectsAreReferencedByVersionOrByKey) {
  const Document local = Store("alice", "local");
  const ReserveRequest s3 = Pending("s3", seconds(10));
  ASSERT_TRUE(Complete(s3, ObjectVersion("v-17")).ok());
  const ReserveRequest pending = Pending("pending", seconds(10));
  const ReserveRequest failed = Pending("failed", seconds(10));
  ASSERT_TRUE(store_->Fail(call_, failed.id, failed.attempt).ok());
  const auto key = [](const std::string& name) {
    return "documents/alice/general/2026-11-23/" + name;
  };
  const ObjectRef by_attempt{"", local.version};
  const ObjectRef by_version{key("s3"), ObjectVersion("v-17")};
  const ObjectRef of_pending{key("pending"), ObjectVersion("v-18")};
  const ObjectRef of_failed{key("failed"), ObjectVersion("v-19")};
  const ObjectRef other_version{key("s3"), ObjectVersion("v-16")};
  const ObjectRef unknown{key("unknown"), ObjectVersion("v-20")};
  const ObjectRef empty{"", ObjectVersion()};
  EXPECT_THAT(
      *store_->FilterReferencedVersions(
          call_, {unknown, by_attempt, by_version, other_version, empty, of_pending, of_failed}),
      ElementsAre(by_attempt, by_version, of_pending, of_failed));
}

TEST_F(SweepingTest, AScanSeesEveryRowOnce) {
  for (int i = 0; i < 25; ++i) Store("user" + std::to_string(i % 3), std::to_string(i));
  Pending("pending", seconds(10));
  std::vector<DocumentId> scanned;
  DocumentId after;
  for (;;) {
    const auto documents = store_->ScanDocuments(call_, after, 4);
    ASSERT_TRUE(documents.ok());
    if (documents->empty()) break;
    for (const Document& document : *documents) {
      EXPECT_GT(document.id, after);
      after = document.id;
      scanned.push_back(document.id);
    }
  }
  EXPECT_EQ(scanned.size(), 26U);
}

TEST_F(SweepingTest, HasDocumentsSaysWhetherAnyRowExists) {
  EXPECT_FALSE(*store_->HasDocuments(call_));
  const ReserveRequest request = Pending("pending", seconds(10));
  EXPECT_TRUE(*store_->HasDocuments(call_));
  ASSERT_TRUE(store_->Fail(call_, request.id, request.attempt).ok());
  EXPECT_TRUE(*store_->HasDocuments(call_));
  ASSERT_TRUE(store_->Forget(call_, request.id, request.attempt).ok());
  EXPECT_FALSE(*store_->HasDocuments(call_));
}

TEST_F(SweepingTest, AStoreIdIsWrittenOnce) {
  EXPECT_EQ(*store_->ReadStoreId(call_), std::nullopt);
  ASSERT_TRUE(store_->WriteStoreId(call_, StoreId("one")).ok());
  EXPECT_TRUE(store_->WriteStoreId(call_, StoreId("one")).ok());
  EXPECT_TRUE(store_->WriteStoreId(call_, StoreId("two")).Is(Reason::kConfigurationInvalid));
  Reopen();
  EXPECT_EQ((*store_->ReadStoreId(call_))->value(), "one");
}

TEST_F(SweepingTest, OneSweepsAtATime) {
  EXPECT_TRUE(*store_->AcquireSweeperLease(call_, "a", seconds(60)));
  EXPECT_FALSE(*store_->AcquireSweeperLease(call_, "b", seconds(60)));
  clock_.Advance(seconds(30));
  EXPECT_TRUE(*store_->AcquireSweeperLease(call_, "a", seconds(60))) << "renewed";
  clock_.Advance(seconds(59));
  EXPECT_FALSE(*store_->AcquireSweeperLease(call_, "b", seconds(60)));
  clock_.Advance(seconds(1));
  EXPECT_TRUE(*store_->AcquireSweeperLease(call_, "b", seconds(60)));
  EXPECT_FALSE(*store_->AcquireSweeperLease(call_, "a", seconds(60)));
  clock_.Advance(seconds(60));
  std::atomic<int> holders{0};
  Race(8, [&](int i) {
    if (*store_->AcquireSweeperLease(call_, std::to_string(i), seconds(60))) ++holders;
  });
  EXPECT_EQ(holders, 1);
}

TEST_F(SweepingTest, TheDatabaseAnswersAProbeAndHasAClock) {
  EXPECT_TRUE(store_->Probe(call_).ok());
  EXPECT_EQ(*store_->Now(call_), clock_.WallNow());
}

}  // namespace
}  // namespace satchel
