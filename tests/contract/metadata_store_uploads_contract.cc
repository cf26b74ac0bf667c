// The life of a row, from T1 to its end.

#include <atomic>
#include <thread>

#include "contract/metadata_store_contract.h"

namespace satchel {
namespace {

using namespace std::chrono_literals;

TEST_P(MetadataStoreContract, AReservationIsAPendingRow) {
  const Timestamp before = store().Now(call_).value();
  const ReserveRequest request = Request("alice", "a.txt", 10);
  const Document row = Pending(request);
  const Timestamp after = store().Now(call_).value();
  EXPECT_EQ(row.id, request.id);
  EXPECT_EQ(row.attempt, request.attempt);
  EXPECT_EQ(row.state, DocumentState::kPending);
  EXPECT_EQ(row.user, request.user);
  EXPECT_EQ(row.category, "general");
  EXPECT_EQ(row.filename, "a.txt");
  EXPECT_EQ(row.mime_type, "text/plain");
  EXPECT_EQ(row.size, 10);
  EXPECT_TRUE(row.version.empty());
  EXPECT_TRUE(row.sha256.empty());
  EXPECT_GE(row.created_at, before);
  EXPECT_LE(row.created_at, after);
  EXPECT_EQ(row.object_key, ObjectKey(request.user, "general", "a.txt", row.created_at));
  const Usage usage = UsageOf("alice");
  EXPECT_EQ(usage.reserved_bytes, 10);
  EXPECT_EQ(usage.total_bytes, 0);
  EXPECT_EQ(usage.file_count, 0);
  const Document found = store().FindAttempt(call_, row.id, row.attempt).value().value();
  EXPECT_EQ(found.object_key, row.object_key);
  EXPECT_EQ(found.created_at, row.created_at);
}

TEST_P(MetadataStoreContract, CompletingMovesTheBytesFromReservedToTotal) {
  const Document row = Pending(Request("alice", "a.txt", 10));
  const ContentHash sha256(std::string(64, 'b'));
  const Result<Document> completed = store().Complete(call_, {row, ObjectVersion("v1"), sha256});
  ASSERT_TRUE(completed.ok()) << completed.status().ToString();
  EXPECT_EQ(completed->state, DocumentState::kCompleted);
  EXPECT_EQ(completed->version.value(), "v1");
  EXPECT_EQ(completed->sha256, sha256);
  EXPECT_EQ(completed->size, 10);
  EXPECT_EQ(completed->created_at, row.created_at);
  const Usage usage = UsageOf("alice");
  EXPECT_EQ(usage.reserved_bytes, 0);
  EXPECT_EQ(usage.total_bytes, 10);
  EXPECT_EQ(usage.file_count, 1);
  const Document found = store().Find(call_, row.id).value().value();
  EXPECT_EQ(found.version.value(), "v1");
  EXPECT_EQ(found.sha256, sha256);
  EXPECT_GE(found.updated_at, row.updated_at);
  ASSERT_TRUE(usage.updated_at.has_value());
  EXPECT_GE(*usage.updated_at, row.updated_at);
}

TEST_P(MetadataStoreContract, CompletingAndDeletingAreDatedByTheDatabasesClock) {
  Document row = Pending(Request("alice", "a.txt"));
  PassTime(20ms);
  const Timestamp completing = store().Now(call_).value();
  EXPECT_GT(completing, row.updated_at);
  row.updated_at = Timestamp();  // what the caller knows of the time is not asked
  ASSERT_TRUE(CompleteRow(row).ok());
  const Timestamp completed = store().Now(call_).value();
  const Document found = store().Find(call_, row.id).value().value();
  EXPECT_GE(found.updated_at, completing);
  EXPECT_LE(found.updated_at, completed);
  const Usage usage = UsageOf("alice");
  EXPECT_GE(usage.updated_at, completing);
  EXPECT_LE(usage.updated_at, completed);

  PassTime(20ms);
  const Document other = Pending(Request("alice", "b.txt"));
  ASSERT_TRUE(store().Fail(call_, other.id, other.attempt).ok());
  EXPECT_EQ(UsageOf("alice").updated_at, usage.updated_at) << "a reservation alone is no update";
  const Timestamp deleting = store().Now(call_).value();
  ASSERT_TRUE(store().Delete(call_, row.user, row.id, 0s, kQuota).value());
  const Usage after = UsageOf("alice");
  EXPECT_GE(after.updated_at, deleting);
  EXPECT_LE(after.updated_at, store().Now(call_).value());
}

TEST_P(MetadataStoreContract, ATakenNameIsRefusedAndNamesItsHolder) {
  const Document holder = Pending(Request("alice", "a.txt"));
  const Status pending = store().Reserve(call_, Request("alice", "a.txt")).status();
  EXPECT_TRUE(pending.Is(Reason::kDocumentAlreadyExists)) << pending.ToString();
  EXPECT_EQ(pending.resource(), holder.id.value());
  EXPECT_EQ(pending.metadata().at("status"), "PENDING");
  EXPECT_TRUE(pending.retry_after().has_value());
  ASSERT_TRUE(CompleteRow(holder).ok());
  const Status completed = store().Reserve(call_, Request("alice", "a.txt")).status();
  EXPECT_TRUE(completed.Is(Reason::kDocumentAlreadyExists)) << completed.ToString();
  EXPECT_EQ(completed.resource(), holder.id.value());
  EXPECT_EQ(completed.metadata().at("status"), "COMPLETED");
  EXPECT_FALSE(completed.retry_after().has_value());
  EXPECT_EQ(UsageOf("alice").reserved_bytes, 0) << "a refused reservation holds nothing";
}

TEST_P(MetadataStoreContract, AReservationCanBeOfAnotherTime) {
  ReserveRequest request = Request("alice", "a.txt");
  const Day day = std::chrono::year(2024) / 5 / 1;
  request.created_at = Timestamp(day) + std::chrono::milliseconds(123);
  const Document row = Pending(request);
  EXPECT_EQ(row.created_at, *request.created_at);
  EXPECT_NE(row.object_key.find("/2024-05-01/a.txt"), std::string::npos) << row.object_key;
  Pending(Request("alice", "a.txt"));
  ASSERT_TRUE(CompleteRow(row).ok());
  EXPECT_EQ(store().Find(call_, row.id).value().value().created_at, *request.created_at);
}

TEST_P(MetadataStoreContract, AnIdInUseIsRefusedWhateverItsState) {
  const Document row = Pending(Request("alice", "a.txt"));
  ReserveRequest again = Request("alice", "b.txt");
  again.id = row.id;
  const Status pending = store().Reserve(call_, again).status();
  EXPECT_TRUE(pending.Is(Reason::kDocumentAlreadyExists)) << pending.ToString();
  EXPECT_EQ(pending.resource(), row.id.value());
  ASSERT_TRUE(store().Fail(call_, row.id, row.attempt).ok());
  const Status failed = store().Reserve(call_, again).status();
  EXPECT_TRUE(failed.Is(Reason::kDocumentAlreadyExists)) << failed.ToString();
  EXPECT_EQ(failed.metadata().at("status"), "FAILED");
  ASSERT_TRUE(store().Forget(call_, row.id, row.attempt).ok());
  EXPECT_TRUE(store().Reserve(call_, again).ok());
}

TEST_P(MetadataStoreContract, TheDuplicateIsFoundBeforeTheQuota) {
  Completed(Request("alice", "a.txt", kQuota));
  const Status refused = store().Reserve(call_, Request("alice", "a.txt", kQuota)).status();
  EXPECT_TRUE(refused.Is(Reason::kDocumentAlreadyExists)) << refused.ToString();
}

TEST_P(MetadataStoreContract, NamesAreComparedByteForByte) {
  const std::vector<std::string> users = {"alice",  "ALICE",   "alice ",  " alice", "a%",     "a_",
                                          "al'ice", "al\"ice", "a\\lice", "\u00e4", "a\u0308"};
  const std::vector<std::string> names = {"a.txt",       "A.txt",          "a.txt ", "\u00e4.txt",
                                          "a\u0308.txt", "\U0001F4DA.txt", "%.txt",  "_.txt"};
  for (const std::string& user : users) {
    for (const std::string& name : names) {
      const Document row = Completed(Request(user, name, 1));
      EXPECT_EQ(row.user.value(), user);
      EXPECT_EQ(row.filename, name);
    }
  }
  for (const std::string& user : users) {
    EXPECT_EQ(UsageOf(user).file_count, static_cast<std::int32_t>(names.size())) << user;
    EXPECT_TRUE(store()
                    .Reserve(call_, Request(user, names.back(), 1))
                    .status()
                    .Is(Reason::kDocumentAlreadyExists));
  }
}

TEST_P(MetadataStoreContract, NamesOfTheGreatestLengthFit) {
  const std::string user(128, 'u');
  ReserveRequest request = Request(user, std::string(255, 'f'), 1);
  request.category = std::string(128, 'c');
  const Document row = Completed(request);
  EXPECT_EQ(row.filename.size(), 255U);
  EXPECT_EQ(store().Find(call_, row.id).value().value().object_key, row.object_key);
  request = Request(user, std::string(254, 'f') + "g", 1);
  request.category = std::string(128, 'c');
  EXPECT_EQ(Completed(request).filename.back(), 'g') << "the last byte counts";
}

TEST_P(MetadataStoreContract, TheQuotaHoldsToTheByte) {
  Completed(Request("alice", "a.txt", 600));
  Pending(Request("alice", "b.txt", 300));
  const Status refused = store().Reserve(call_, Request("alice", "c.txt", 101)).status();
  EXPECT_TRUE(refused.Is(Reason::kQuotaExceeded)) << refused.ToString();
  EXPECT_EQ(refused.metadata().at("limit"), "1000");
  EXPECT_EQ(refused.metadata().at("used"), "900");
  EXPECT_EQ(refused.metadata().at("requested"), "101");
  EXPECT_TRUE(store().Reserve(call_, Request("alice", "c.txt", 100)).ok());
  EXPECT_TRUE(
      store().Reserve(call_, Request("alice", "d.txt", 1)).status().Is(Reason::kQuotaExceeded));
  EXPECT_TRUE(store().Reserve(call_, Request("bob", "c.txt", 1000)).ok()) << "another user's own";
}

TEST_P(MetadataStoreContract, AnOwnQuotaReplacesTheDefault) {
  ASSERT_TRUE(store().SetQuota(call_, UserId("alice"), 0).ok());
  EXPECT_TRUE(
      store().Reserve(call_, Request("alice", "a.txt", 1)).status().Is(Reason::kQuotaExceeded));
  EXPECT_TRUE(UsageOf("alice").quota_is_own);
  EXPECT_EQ(UsageOf("alice").quota_bytes, 0);
  ASSERT_TRUE(store().SetQuota(call_, UserId("alice"), 5'000'000'000).ok());
  EXPECT_TRUE(store().Reserve(call_, Request("alice", "a.txt", 4'999'999'999)).ok());
  EXPECT_TRUE(
      store().Reserve(call_, Request("alice", "b.txt", 2)).status().Is(Reason::kQuotaExceeded));
  ASSERT_TRUE(store().SetQuota(call_, UserId("alice"), std::nullopt).ok());
  EXPECT_EQ(UsageOf("alice").quota_bytes, kQuota);
  EXPECT_FALSE(UsageOf("alice").quota_is_own);
  EXPECT_TRUE(
      store().Reserve(call_, Request("alice", "b.txt", 1)).status().Is(Reason::kQuotaExceeded))
      << "a quota below the usage only stops growth";
}

TEST_P(MetadataStoreContract, FailingGivesBackNameAndBytes) {
  const Document row = Pending(Request("alice", "a.txt", kQuota));
  ASSERT_TRUE(store().Fail(call_, row.id, row.attempt).ok());
  EXPECT_EQ(UsageOf("alice").reserved_bytes, 0);
  const Document failed = store().FindAttempt(call_, row.id, row.attempt).value().value();
  EXPECT_EQ(failed.state, DocumentState::kFailed);
  EXPECT_EQ(failed.object_key, row.object_key) << "its bytes must still be found";
  EXPECT_EQ(Completed(Request("alice", "a.txt", kQuota)).object_key, row.object_key);
}

TEST_P(MetadataStoreContract, AnUploadUnderWayKeepsItsIdInTheRow) {
  const Document row = Pending(Request("alice", "a.txt"));
  EXPECT_TRUE(row.upload.empty());
  const UploadId upload("2~VXBsb2FkIElE/+=." + std::string(180, 'u'));
  ASSERT_TRUE(store().RecordUpload(call_, row.id, row.attempt, upload).ok());
  ASSERT_TRUE(store().RecordUpload(call_, row.id, row.attempt, upload).ok()) << "again is fine";
  EXPECT_EQ(store().FindAttempt(call_, row.id, row.attempt).value().value().upload, upload);
  ASSERT_TRUE(store().Fail(call_, row.id, row.attempt).ok());
  EXPECT_EQ(store().Find(call_, row.id).value().value().upload, upload) << "it is to be aborted";
  EXPECT_TRUE(store().RecordUpload(call_, row.id, row.attempt, upload).Is(Reason::kUploadAborted));

  const Document other = Pending(Request("alice", "b.txt"));
  const AttemptId stranger(std::string(32, '0'));
  EXPECT_TRUE(store().RecordUpload(call_, other.id, stranger, upload).Is(Reason::kUploadAborted));
  EXPECT_TRUE(store().Find(call_, other.id).value().value().upload.empty());
}

TEST_P(MetadataStoreContract, EveryEdgeIsFencedByStateAndAttempt) {
  const Document row = Pending(Request("alice", "a.txt"));
  Document stranger = row;
  stranger.attempt = AttemptId(std::string(32, '0'));
  EXPECT_TRUE(CompleteRow(stranger).status().Is(Reason::kUploadAborted));
  EXPECT_TRUE(store().Fail(call_, row.id, stranger.attempt).Is(Reason::kUploadAborted));
  EXPECT_TRUE(
      store().RenewLease(call_, row.id, stranger.attempt, kLease).Is(Reason::kUploadAborted));
  EXPECT_EQ(store().FindAttempt(call_, row.id, stranger.attempt).value(), std::nullopt);
  EXPECT_EQ(StateOf(row), DocumentState::kPending);

  ASSERT_TRUE(CompleteRow(row).ok());
  EXPECT_TRUE(CompleteRow(row).status().Is(Reason::kUploadAborted));
  EXPECT_TRUE(store().Fail(call_, row.id, row.attempt).Is(Reason::kUploadAborted));
  EXPECT_TRUE(store().RenewLease(call_, row.id, row.attempt, kLease).Is(Reason::kUploadAborted));
  EXPECT_EQ(StateOf(row), DocumentState::kCompleted);
  EXPECT_EQ(UsageOf("alice").total_bytes, 10) << "charged once";

  const Document dead = Pending(Request("alice", "b.txt"));
  ASSERT_TRUE(store().Fail(call_, dead.id, dead.attempt).ok());
  EXPECT_TRUE(CompleteRow(dead).status().Is(Reason::kUploadAborted));
  EXPECT_TRUE(store().Fail(call_, dead.id, dead.attempt).Is(Reason::kUploadAborted));
  EXPECT_TRUE(store().RenewLease(call_, dead.id, dead.attempt, kLease).Is(Reason::kUploadAborted));
  EXPECT_EQ(UsageOf("alice").reserved_bytes, 0) << "given back once";
}

TEST_P(MetadataStoreContract, OnlyAFailedRowIsForgotten) {
  const Document row = Pending(Request("alice", "a.txt"));
  EXPECT_TRUE(store().Forget(call_, row.id, row.attempt).ok());
  EXPECT_EQ(StateOf(row), DocumentState::kPending);
  ASSERT_TRUE(store().Fail(call_, row.id, row.attempt).ok());
  EXPECT_TRUE(store().Forget(call_, row.id, AttemptId(std::string(32, '0'))).ok());
  EXPECT_EQ(StateOf(row), DocumentState::kFailed);
  EXPECT_TRUE(store().Forget(call_, row.id, row.attempt).ok());
  EXPECT_EQ(store().Find(call_, row.id).value(), std::nullopt);
  EXPECT_TRUE(store().Forget(call_, row.id, row.attempt).ok()) << "gone is fine";
  const Document stored = Completed(Request("alice", "b.txt"));
  EXPECT_TRUE(store().Forget(call_, stored.id, stored.attempt).ok());
  EXPECT_EQ(StateOf(stored), DocumentState::kCompleted);
}

TEST_P(MetadataStoreContract, OfRivalsForOneNameExactlyOneWins) {
  constexpr int kRivals = 8;
  std::atomic<int> winners{0};
  std::atomic<int> losers{0};
  std::vector<ReserveRequest> requests;
  for (int i = 0; i < kRivals; ++i) requests.push_back(Request("alice", "a.txt", 1));
  std::vector<std::thread> threads;
  for (const ReserveRequest& request : requests) {
    threads.emplace_back([&] {
      const Status status = store().Reserve(call_, request).status();
      if (status.ok()) ++winners;
      if (status.Is(Reason::kDocumentAlreadyExists)) ++losers;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(winners, 1);
  EXPECT_EQ(losers, kRivals - 1);
  EXPECT_EQ(UsageOf("alice").reserved_bytes, 1);
}

TEST_P(MetadataStoreContract, RivalsForTheQuotaGetWhatThereIsRoomFor) {
  constexpr int kRivals = 8;
  std::atomic<int> winners{0};
  std::atomic<int> losers{0};
  std::vector<ReserveRequest> requests;
  for (int i = 0; i < kRivals; ++i) {
    requests.push_back(Request("alice", std::to_string(i) + ".txt", kQuota / 3));
  }
  std::vector<std::thread> threads;
  for (const ReserveRequest& request : requests) {
    threads.emplace_back([&] {
      const Status status = store().Reserve(call_, request).status();
      if (status.ok()) ++winners;
      if (status.Is(Reason::kQuotaExceeded)) ++losers;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(winners, 3);
  EXPECT_EQ(losers, kRivals - 3);
  EXPECT_EQ(UsageOf("alice").reserved_bytes, kQuota / 3 * 3);
}

TEST_P(MetadataStoreContract, CompletingAndFailingARowExcludeEachOther) {
  for (int round = 0; round < 20; ++round) {
    const Document row = Pending(Request("alice", std::to_string(round) + ".txt", 1));
    Status completed;
    Status failed;
    std::thread uploader([&] { completed = CompleteRow(row).status(); });
    std::thread sweeper([&] { failed = store().Fail(call_, row.id, row.attempt); });
    uploader.join();
    sweeper.join();
    EXPECT_NE(completed.ok(), failed.ok());
    EXPECT_TRUE(completed.ok() || completed.Is(Reason::kUploadAborted)) << completed.ToString();
    EXPECT_TRUE(failed.ok() || failed.Is(Reason::kUploadAborted)) << failed.ToString();
  }
  EXPECT_TRUE(store().FindUsageMismatches(call_).value().empty());
}

TEST_P(MetadataStoreContract, ACancelledCallWritesNothing) {
  const Document row = Pending(Request("alice", "a.txt"));
  const Document stored = Completed(Request("alice", "b.txt"));
  CallContext gone("gone");
  gone.Cancel();
  const CallContext late("late", std::chrono::steady_clock::now() - 1s);
  EXPECT_TRUE(store().Reserve(gone, Request("alice", "c.txt")).status().Is(Reason::kCancelled));
  EXPECT_TRUE(
      store().Reserve(late, Request("alice", "c.txt")).status().Is(Reason::kDeadlineExceeded));
  EXPECT_TRUE(store().Fail(gone, row.id, row.attempt).Is(Reason::kCancelled));
  EXPECT_TRUE(
      store().Delete(gone, stored.user, stored.id, 0s, kQuota).status().Is(Reason::kCancelled));
  EXPECT_TRUE(store().Find(late, row.id).status().Is(Reason::kDeadlineExceeded));
  EXPECT_EQ(StateOf(row), DocumentState::kPending);
  EXPECT_EQ(StateOf(stored), DocumentState::kCompleted);
  EXPECT_EQ(UsageOf("alice").reserved_bytes, 10);
}

}  // namespace
}  // namespace satchel
