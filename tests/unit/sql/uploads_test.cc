// Reservation, lease, commit, failure.
#include <gmock/gmock.h>

#include "unit/sql/sqlite_fixture.h"

namespace satchel {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::Eq;
using ::testing::Optional;

class UploadsTest : public SqliteStoreTest {};

TEST_F(UploadsTest, ReserveMakesAPendingRowByTheDatabasesClock) {
  const ReserveRequest request = Request("alice", "notes.txt", 123, "physics");
  const auto reserved = store_->Reserve(call_, request);
  ASSERT_TRUE(reserved.ok()) << reserved.status().ToString();
  EXPECT_EQ(reserved->id, request.id);
  EXPECT_EQ(reserved->state, DocumentState::kPending);
  EXPECT_EQ(reserved->created_at, clock_.WallNow());
  EXPECT_EQ(reserved->object_key, "documents/alice/physics/2026-11-23/notes.txt");
  const auto found = store_->Find(call_, request.id);
  ASSERT_TRUE(found.ok() && *found);
  EXPECT_EQ((*found)->attempt, request.attempt);
  EXPECT_EQ((*found)->size, 123);
  EXPECT_EQ((*found)->mime_type, "text/plain");
  EXPECT_EQ((*found)->filename, "notes.txt");
  EXPECT_EQ((*found)->category, "physics");
  EXPECT_EQ((*found)->created_at, clock_.WallNow());
  EXPECT_TRUE((*found)->version.empty());
  const Usage usage = UsageOf("alice");
  EXPECT_EQ(usage.reserved_bytes, 123);
  EXPECT_EQ(usage.total_bytes, 0);
  EXPECT_EQ(usage.file_count, 0);
  EXPECT_EQ(usage.updated_at, std::nullopt);
  ExpectConsistent();
}

TEST_F(UploadsTest, CompleteMovesTheBytesFromReservedToTotal) {
  const ReserveRequest request = Request("alice", "notes.txt", 123);
  ASSERT_TRUE(store_->Reserve(call_, request).ok());
  clock_.Advance(milliseconds(1500));
  const auto completed = Complete(request);
  ASSERT_TRUE(completed.ok()) << completed.status().ToString();
  EXPECT_EQ(completed->state, DocumentState::kCompleted);
  const auto found = store_->Find(call_, request.id);
  ASSERT_TRUE(found.ok() && *found);
  EXPECT_EQ((*found)->state, DocumentState::kCompleted);
  EXPECT_EQ((*found)->version.value(), request.attempt.value());
  EXPECT_EQ((*found)->sha256.value(), std::string(64, 'a'));
  EXPECT_EQ((*found)->created_at, clock_.WallNow() - milliseconds(1500));
  EXPECT_EQ((*found)->updated_at, clock_.WallNow());
  const Usage usage = UsageOf("alice");
  EXPECT_EQ(usage.file_count, 1);
  EXPECT_EQ(usage.total_bytes, 123);
  EXPECT_EQ(usage.reserved_bytes, 0);
  EXPECT_THAT(usage.updated_at, Optional(Eq(clock_.WallNow())));
  ExpectConsistent();
}

TEST_F(UploadsTest, ASecondCompleteIsAborted) {
  const ReserveRequest request = Request("alice", "notes.txt");
  ASSERT_TRUE(store_->Reserve(call_, request).ok());
  ASSERT_TRUE(Complete(request).ok());
  EXPECT_TRUE(Complete(request).status().Is(Reason::kUploadAborted));
  EXPECT_EQ(UsageOf("alice").file_count, 1);
}

TEST_F(UploadsTest, EveryEdgeIsFencedByTheAttempt) {
  const ReserveRequest request = Request("alice", "notes.txt");
  ASSERT_TRUE(store_->Reserve(call_, request).ok());
  ReserveRequest stranger = request;
  stranger.attempt = ids_.NewAttemptId();
  EXPECT_TRUE(Complete(stranger).status().Is(Reason::kUploadAborted));
  EXPECT_TRUE(store_->Fail(call_, stranger.id, stranger.attempt).Is(Reason::kUploadAborted));
  EXPECT_TRUE(store_->RenewLease(call_, stranger.id, stranger.attempt, seconds(1))
                  .Is(Reason::kUploadAborted));
  EXPECT_TRUE(store_->Fail(call_, request.id, AttemptId()).Is(Reason::kUploadAborted));
  const auto found = store_->FindAttempt(call_, stranger.id, stranger.attempt);
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(*found, std::nullopt);
  EXPECT_TRUE(Complete(request).ok());
}

TEST_F(UploadsTest, FailGivesNameAndReservationBack) {
  const ReserveRequest request = Request("alice", "notes.txt");
  ASSERT_TRUE(store_->Reserve(call_, request).ok());
  ASSERT_TRUE(store_->Fail(call_, request.id, request.attempt).ok());
  EXPECT_EQ(UsageOf("alice").reserved_bytes, 0);
  EXPECT_EQ(UsageOf("alice").updated_at, std::nullopt);
  const auto found = store_->FindAttempt(call_, request.id, request.attempt);
  ASSERT_TRUE(found.ok() && *found);
  EXPECT_EQ((*found)->state, DocumentState::kFailed);
  EXPECT_EQ((*found)->object_key, "documents/alice/general/2026-11-23/notes.txt");
  EXPECT_TRUE(Complete(request).status().Is(Reason::kUploadAborted));
  EXPECT_TRUE(store_->Fail(call_, request.id, request.attempt).Is(Reason::kUploadAborted));
  Store("alice", "notes.txt");
  ExpectConsistent();
}

TEST_F(UploadsTest, ForgetRemovesOnlyAFailedRowOfItsAttempt) {
  const ReserveRequest request = Request("alice", "notes.txt");
  ASSERT_TRUE(store_->Reserve(call_, request).ok());
  EXPECT_TRUE(store_->Forget(call_, request.id, request.attempt).ok());
  EXPECT_NE(*store_->Find(call_, request.id), std::nullopt);
  ASSERT_TRUE(store_->Fail(call_, request.id, request.attempt).ok());
  EXPECT_TRUE(store_->Forget(call_, request.id, ids_.NewAttemptId()).ok());
  EXPECT_NE(*store_->Find(call_, request.id), std::nullopt);
  EXPECT_TRUE(store_->Forget(call_, request.id, request.attempt).ok());
  EXPECT_EQ(*store_->Find(call_, request.id), std::nullopt);
  EXPECT_TRUE(store_->Forget(call_, request.id, request.attempt).ok());
}

TEST_F(UploadsTest, ADuplicateLearnsTheHolder) {
  const ReserveRequest first = Request("alice", "notes.txt");
  ASSERT_TRUE(store_->Reserve(call_, first).ok());
  const Status pending = store_->Reserve(call_, Request("alice", "notes.txt")).status();
  EXPECT_TRUE(pending.Is(Reason::kDocumentAlreadyExists)) << pending.ToString();
  EXPECT_EQ(pending.resource(), first.id.value());
  EXPECT_EQ(pending.metadata().at("status"), "PENDING");
  EXPECT_THAT(pending.retry_after(), Optional(Eq(milliseconds(5000))));
  ASSERT_TRUE(Complete(first).ok());
  const Status completed = store_->Reserve(call_, Request("alice", "notes.txt")).status();
  EXPECT_TRUE(completed.Is(Reason::kDocumentAlreadyExists));
  EXPECT_EQ(completed.metadata().at("status"), "COMPLETED");
  EXPECT_EQ(completed.retry_after(), std::nullopt);
  EXPECT_EQ(UsageOf("alice").reserved_bytes, 0);
}

TEST_F(UploadsTest, AHolderWhoseLeaseEndsSaysWhen) {
  ReserveRequest first = Request("alice", "notes.txt");
  first.lease = seconds(3);
  ASSERT_TRUE(store_->Reserve(call_, first).ok());
  Status taken = store_->Reserve(call_, Request("alice", "notes.txt")).status();
  EXPECT_THAT(taken.retry_after(), Optional(Eq(milliseconds(3000))));
  clock_.Advance(seconds(60));
  taken = store_->Reserve(call_, Request("alice", "notes.txt")).status();
  EXPECT_TRUE(taken.Is(Reason::kDocumentAlreadyExists)) << "a holder until the sweeper took it";
  EXPECT_THAT(taken.retry_after(), Optional(Eq(milliseconds(1000))));
}

TEST_F(UploadsTest, TheDuplicateIsFoundBeforeTheQuota) {
  Store("alice", "notes.txt", kDefaultQuota);
  EXPECT_TRUE(store_->Reserve(call_, Request("alice", "notes.txt"))
                  .status()
                  .Is(Reason::kDocumentAlreadyExists));
  EXPECT_TRUE(
      store_->Reserve(call_, Request("alice", "other.txt")).status().Is(Reason::kQuotaExceeded));
}

TEST_F(UploadsTest, ARetriedReservationChargesOnce) {
  const ReserveRequest request = Request("alice", "notes.txt", 100);
  ASSERT_TRUE(store_->Reserve(call_, request).ok());
  const auto again = store_->Reserve(call_, request);
  ASSERT_TRUE(again.ok()) << again.status().ToString();
  EXPECT_EQ(again->id, request.id);
  clock_.Advance(std::chrono::hours(24));  // another day, another key, the same id
  EXPECT_TRUE(store_->Reserve(call_, request).ok());
  EXPECT_EQ(UsageOf("alice").reserved_bytes, 100);
  ReserveRequest thief = Request("bob", "other.txt");
  thief.id = request.id;
  EXPECT_TRUE(store_->Reserve(call_, thief).status().Is(Reason::kDocumentAlreadyExists));
  EXPECT_EQ(UsageOf("bob").reserved_bytes, 0);
}

TEST_F(UploadsTest, TheQuotaHoldsToTheByte) {
  Store("alice", "a.txt", kDefaultQuota - 10);
  const Status over = store_->Reserve(call_, Request("alice", "b.txt", 11)).status();
  EXPECT_TRUE(over.Is(Reason::kQuotaExceeded)) << over.ToString();
  EXPECT_EQ(over.metadata().at("limit"), std::to_string(kDefaultQuota));
  EXPECT_EQ(over.metadata().at("used"), std::to_string(kDefaultQuota - 10));
  EXPECT_EQ(over.metadata().at("requested"), "11");
  EXPECT_EQ(over.retry_after(), std::nullopt);
  EXPECT_TRUE(store_->Reserve(call_, Request("alice", "b.txt", 10)).ok());
  EXPECT_TRUE(
      store_->Reserve(call_, Request("alice", "c.txt", 1)).status().Is(Reason::kQuotaExceeded));
  ExpectConsistent();
}

TEST_F(UploadsTest, ARefusedReservationLeavesNothing) {
  const ReserveRequest request = Request("alice", "a.txt", kDefaultQuota + 1);
  EXPECT_TRUE(store_->Reserve(call_, request).status().Is(Reason::kQuotaExceeded));
  EXPECT_EQ(*store_->Find(call_, request.id), std::nullopt);
  EXPECT_FALSE(*store_->HasDocuments(call_));
}

TEST_F(UploadsTest, HugeSizesDoNotOverflowTheQuota) {
  constexpr std::int64_t kHuge = std::int64_t{1} << 62;
  EXPECT_TRUE(
      store_->Reserve(call_, Request("alice", "a.txt", kHuge)).status().Is(Reason::kQuotaExceeded));
  ASSERT_TRUE(
      store_->SetQuota(call_, UserId("bob"), std::numeric_limits<std::int64_t>::max()).ok());
  EXPECT_TRUE(store_->Reserve(call_, Request("bob", "a.txt", kHuge)).ok());
  EXPECT_TRUE(
      store_->Reserve(call_, Request("bob", "b.txt", kHuge)).status().Is(Reason::kQuotaExceeded));
  EXPECT_TRUE(store_->Reserve(call_, Request("bob", "c.txt", kHuge - 1)).ok());
  EXPECT_TRUE(
      store_->Reserve(call_, Request("bob", "d.txt", 1)).status().Is(Reason::kQuotaExceeded));
  ExpectConsistent();
}

TEST_F(UploadsTest, AUsersOwnQuotaGoesBeforeTheDefault) {
  ASSERT_TRUE(store_->SetQuota(call_, UserId("alice"), 0).ok());
  EXPECT_TRUE(
      store_->Reserve(call_, Request("alice", "a.txt", 1)).status().Is(Reason::kQuotaExceeded));
  ASSERT_TRUE(store_->SetQuota(call_, UserId("alice"), kDefaultQuota + 5).ok());
  EXPECT_TRUE(store_->Reserve(call_, Request("alice", "a.txt", kDefaultQuota + 5)).ok());
  ASSERT_TRUE(store_->SetQuota(call_, UserId("alice"), std::nullopt).ok());
  EXPECT_TRUE(
      store_->Reserve(call_, Request("alice", "b.txt", 1)).status().Is(Reason::kQuotaExceeded));
}

TEST_F(UploadsTest, ALeaseIsRenewedByTheDatabasesClock) {
  ReserveRequest request = Request("alice", "notes.txt");
  request.lease = seconds(10);
  ASSERT_TRUE(store_->Reserve(call_, request).ok());
  clock_.Advance(seconds(9));
  ASSERT_TRUE(store_->RenewLease(call_, request.id, request.attempt, seconds(10)).ok());
  clock_.Advance(seconds(9));
  EXPECT_TRUE(store_->FindExpiredUploads(call_, std::chrono::seconds(0), 10)->empty());
  clock_.Advance(seconds(1));
  EXPECT_EQ(store_->FindExpiredUploads(call_, std::chrono::seconds(0), 10)->size(), 1U);
}

TEST_F(UploadsTest, OfThirtyTwoRacingForRoomForTenExactlyTenWin) {
  std::atomic<int> won{0};
  std::atomic<int> over{0};
  std::vector<ReserveRequest> requests;
  for (int i = 0; i < 32; ++i) {
    requests.push_back(Request("alice", std::to_string(i) + ".txt", kDefaultQuota / 10));
  }
  Race(32, [&](int i) {
    const ReserveRequest& request = requests[static_cast<std::size_t>(i)];
    const auto reserved = store_->Reserve(call_, request);
    if (reserved.ok() && Complete(request).ok()) ++won;
    if (reserved.status().Is(Reason::kQuotaExceeded)) ++over;
  });
  EXPECT_EQ(won, 10);
  EXPECT_EQ(over, 22);
  EXPECT_EQ(UsageOf("alice").total_bytes, kDefaultQuota);
  ExpectConsistent();
}

TEST_F(UploadsTest, OfSixteenRacingForOneNameExactlyOneWins) {
  std::vector<ReserveRequest> requests;
  for (int i = 0; i < 16; ++i) requests.push_back(Request("alice", "notes.txt"));
  std::vector<Status> answers(16);
  Race(16, [&](int i) {
    const auto index = static_cast<std::size_t>(i);
    answers[index] = store_->Reserve(call_, requests[index]).status();
  });
  std::string winner;
  for (std::size_t i = 0; i < 16; ++i) {
    if (!answers[i].ok()) continue;
    EXPECT_EQ(winner, "") << "a second winner";
    winner = requests[i].id.value();
  }
  ASSERT_NE(winner, "");
  for (const Status& answer : answers) {
    if (answer.ok()) continue;
    EXPECT_TRUE(answer.Is(Reason::kDocumentAlreadyExists)) << answer.ToString();
    EXPECT_EQ(answer.resource(), winner);
  }
  EXPECT_EQ(UsageOf("alice").reserved_bytes, 100);
  ExpectConsistent();
}

TEST_F(UploadsTest, NamesCompareByteForByte) {
  const std::vector<std::string> users = {"alice",
                                          "ALICE",
                                          "alice ",
                                          " alice",
                                          "al%",
                                          "al_ce",
                                          "a'l\"i",
                                          "'; DROP--",
                                          "\\",
                                          "ålice",
                                          "alice\xE2\x80\x8B",
                                          "a\xCC\x8Alice",
                                          "🎒"};
  for (const std::string& user : users) {
    for (const std::string& filename : users) Store(user, filename + ".txt", 10, user);
  }
  for (const std::string& user : users) {
    EXPECT_EQ(UsageOf(user).file_count, static_cast<int>(users.size())) << user;
    const auto page = store_->List(call_, {.user = UserId(user),
                                           .category = user,
                                           .day = std::nullopt,
                                           .after = std::nullopt,
                                           .page_size = 100});
    ASSERT_TRUE(page.ok());
    EXPECT_EQ(page->total_count, static_cast<int>(users.size())) << user;
    for (const Document& document : page->documents) EXPECT_EQ(document.user.value(), user);
  }
  Reopen();
  ExpectConsistent();
}

TEST_F(UploadsTest, ACancelledOrLateCallChangesNothing) {
  CallContext cancelled("cancelled");
  cancelled.Cancel();
  const ReserveRequest request = Request("alice", "notes.txt");
  EXPECT_TRUE(store_->Reserve(cancelled, request).status().Is(Reason::kCancelled));
  const CallContext late("late", std::chrono::steady_clock::now() - seconds(1));
  EXPECT_TRUE(store_->Reserve(late, request).status().Is(Reason::kDeadlineExceeded));
  EXPECT_TRUE(store_->Find(late, request.id).status().Is(Reason::kDeadlineExceeded));
  EXPECT_TRUE(store_->Find(cancelled, request.id).status().Is(Reason::kCancelled));
  EXPECT_FALSE(*store_->HasDocuments(call_));
}

}  // namespace
}  // namespace satchel
