// What the sweeper, fsck and the pairing ask of the database.

#include <set>

#include "contract/metadata_store_contract.h"

namespace satchel {
namespace {

using namespace std::chrono_literals;

std::set<DocumentId> IdsOf(const std::vector<Document>& documents) {
  std::set<DocumentId> ids;
  for (const Document& document : documents) ids.insert(document.id);
  return ids;
}

TEST_P(MetadataStoreContract, AnUploadExpiresWithItsLease) {
  const Document brief = Pending(Request("alice", "a.txt", 1, 1s));
  const Document renewed = Pending(Request("alice", "b.txt", 1, 1s));
  const Document lasting = Pending(Request("alice", "c.txt", 1, 900s));
  Completed(Request("alice", "d.txt", 1, 1s));
  EXPECT_TRUE(store().FindExpiredUploads(call_, std::chrono::seconds(0), 10).value().empty());
  EXPECT_EQ(IdsOf(store().FindExpiredUploads(call_, std::nullopt, 10).value()),
            (std::set{brief.id, renewed.id, lasting.id}));
  EXPECT_EQ(store().FindExpiredUploads(call_, std::nullopt, 2).value().size(), 2U);
  ASSERT_TRUE(store().RenewLease(call_, renewed.id, renewed.attempt, 900s).ok());
  PassTime(1100ms);
  const std::vector<Document> expired =
      store().FindExpiredUploads(call_, std::chrono::seconds(0), 10).value();
  EXPECT_EQ(IdsOf(expired), std::set{brief.id});
  ASSERT_EQ(expired.size(), 1U);
  EXPECT_EQ(expired[0].attempt, brief.attempt);
  EXPECT_EQ(expired[0].object_key, brief.object_key);
  EXPECT_TRUE(CompleteRow(brief).ok()) << "an expired lease that nobody took is still good";
  EXPECT_TRUE(store().FindExpiredUploads(call_, std::chrono::seconds(0), 10).value().empty());
}

TEST_P(MetadataStoreContract, AnUploadThatIsRenewedAfterItWasFoundExpiredLives) {
  const Document dead = Pending(Request("alice", "a.txt", 1, 1s));
  const Document renewed = Pending(Request("alice", "b.txt", 1, 1s));
  EXPECT_TRUE(store().FailExpired(call_, dead.id, dead.attempt).Is(Reason::kUploadAborted));
  PassTime(1100ms);
  ASSERT_EQ(IdsOf(store().FindExpiredUploads(call_, std::chrono::seconds(0), 10).value()),
            (std::set{dead.id, renewed.id}));
  ASSERT_TRUE(store().RenewLease(call_, renewed.id, renewed.attempt, 900s).ok());
  EXPECT_TRUE(store().FailExpired(call_, renewed.id, renewed.attempt).Is(Reason::kUploadAborted));
  EXPECT_TRUE(CompleteRow(renewed).ok());
  ASSERT_TRUE(store().FailExpired(call_, dead.id, dead.attempt).ok());
  EXPECT_EQ(StateOf(dead), DocumentState::kFailed);
  EXPECT_EQ(UsageOf("alice").reserved_bytes, 0);
}

TEST_P(MetadataStoreContract, GarbageIsDueAfterTheRetention) {
  const Document failed = Pending(Request("alice", "a.txt", 1));
  ASSERT_TRUE(store().Fail(call_, failed.id, failed.attempt).ok());
  PassTime(2ms);
  const Timestamp before = store().Now(call_).value();
  const Document deleted = Deleted(Request("alice", "b.txt", 1), 0s);
  const Timestamp after = store().Now(call_).value();
  const Document soon = Deleted(Request("alice", "c.txt", 1), 1s);
  Deleted(Request("alice", "d.txt", 1), 24h);
  Pending(Request("alice", "e.txt", 1));
  Completed(Request("alice", "f.txt", 1));
  const std::vector<Garbage> due = store().FindGarbage(call_, std::nullopt, 10).value();
  ASSERT_EQ(due.size(), 2U);
  const Garbage& row = due[due[0].document.id == failed.id ? 1 : 0];
  EXPECT_EQ(row.document.id, deleted.id);
  EXPECT_EQ(row.document.version, deleted.version);
  EXPECT_EQ(row.document.object_key, deleted.object_key);
  EXPECT_GE(row.due_at, before);
  EXPECT_LE(row.due_at, after);
  EXPECT_EQ(store().FindGarbage(call_, std::nullopt, 1).value().size(), 1U);
  PassTime(1100ms);
  const std::vector<Garbage> later = store().FindGarbage(call_, std::nullopt, 10).value();
  ASSERT_EQ(later.size(), 3U);
  EXPECT_EQ(later[2].document.id, soon.id);
  for (const Garbage& each : later) {
    ASSERT_TRUE(store().Forget(call_, each.document.id, each.document.attempt).ok());
  }
  EXPECT_TRUE(store().FindGarbage(call_, std::nullopt, 10).value().empty());
}

TEST_P(MetadataStoreContract, EveryRowKnowsItsAttemptUntilItIsForgotten) {
  const Document pending = Pending(Request("alice", "a.txt", 1));
  const Document stored = Completed(Request("alice", "b.txt", 1));
  const Document deleted = Deleted(Request("alice", "c.txt", 1), 24h);
  const Document forgotten = Deleted(Request("alice", "d.txt", 1), 0s);
  ASSERT_TRUE(store().Forget(call_, forgotten.id, forgotten.attempt).ok());
  const AttemptId stranger(std::string(32, '0'));
  const auto known = store()
                         .FilterKnownAttempts(call_, {pending.attempt, stranger, stored.attempt,
                                                      forgotten.attempt, deleted.attempt})
                         .value();
  EXPECT_EQ(std::set<AttemptId>(known.begin(), known.end()),
            (std::set{pending.attempt, stored.attempt, deleted.attempt}));
  EXPECT_TRUE(store().FilterKnownAttempts(call_, {}).value().empty());
}

TEST_P(MetadataStoreContract, VersionsAreReferencedByVersionOrByKey) {
  const Document stored = Completed(Request("alice", "a.txt", 1));
  const Document deleted = Deleted(Request("alice", "b.txt", 1), 24h);
  const Document pending = Pending(Request("alice", "c.txt", 1));
  const Document failed = Pending(Request("alice", "d.txt", 1));
  ASSERT_TRUE(store().Fail(call_, failed.id, failed.attempt).ok());
  const ObjectRef of_stored{stored.object_key, stored.version};
  const ObjectRef of_deleted{deleted.object_key, deleted.version};
  const ObjectRef without_key{"", stored.version};
  const ObjectRef of_pending{pending.object_key, ObjectVersion("any")};
  const ObjectRef old_of_stored{stored.object_key, ObjectVersion("older")};
  const ObjectRef of_failed{failed.object_key, ObjectVersion("any")};
  const ObjectRef unknown{"", ObjectVersion("any")};
  const auto referenced =
      store()
          .FilterReferencedVersions(call_, {of_stored, of_deleted, without_key, of_pending,
                                            old_of_stored, of_failed, unknown})
          .value();
  EXPECT_EQ(std::set<ObjectRef>(referenced.begin(), referenced.end()),
            (std::set{of_stored, of_deleted, without_key, of_pending, of_failed}));
  EXPECT_TRUE(store().FilterReferencedVersions(call_, {}).value().empty());
}

TEST_P(MetadataStoreContract, NamesThatNotEveryStoreTakesAreFoundByTheirKey) {
  for (const char* user : {". ", " ..", "a\uFFFF"}) {
    const Document pending = Pending(Request(user, "a.txt", 1));
    EXPECT_EQ(pending.object_key, ObjectKey(UserId(user), "general", "a.txt", pending.created_at));
    const Result<Document> rival = store().Reserve(call_, Request(user, "a.txt", 1));
    EXPECT_EQ(rival.status().resource(), pending.id.value()) << rival.status().ToString();
    const ObjectRef object{pending.object_key, ObjectVersion("any")};
    EXPECT_EQ(store().FilterReferencedVersions(call_, {object}).value(), std::vector{object});
    ASSERT_TRUE(store().Fail(call_, pending.id, pending.attempt).ok());
    EXPECT_EQ(store().FilterReferencedVersions(call_, {object}).value(), std::vector{object});
  }
}

TEST_P(MetadataStoreContract, LongQuestionsAreAnswered) {
  const Document stored = Completed(Request("alice", "a.txt", 1));
  std::vector<ObjectRef> objects;
  std::vector<AttemptId> attempts;
  for (int i = 0; i < 999; ++i) {
    objects.push_back({"documents/k" + std::to_string(i), ObjectVersion("v" + std::to_string(i))});
    attempts.emplace_back("attempt" + std::to_string(i));
  }
  objects.push_back({stored.object_key, stored.version});
  attempts.push_back(stored.attempt);
  EXPECT_EQ(store().FilterReferencedVersions(call_, objects).value(),
            (std::vector{objects.back()}));
  EXPECT_EQ(store().FilterKnownAttempts(call_, attempts).value(), (std::vector{attempts.back()}));
}

TEST_P(MetadataStoreContract, AScanShowsEveryRowOnceById) {
  std::set<DocumentId> expected;
  for (int i = 0; i < 5; ++i) {
    expected.insert(Pending(Request("alice", "p" + std::to_string(i), 1)).id);
    expected.insert(Completed(Request("bob", "c" + std::to_string(i), 1)).id);
    expected.insert(Deleted(Request("carol", "d" + std::to_string(i), 1), 24h).id);
  }
  std::vector<DocumentId> scanned;
  DocumentId after;
  while (true) {
    const std::vector<Document> rows = store().ScanDocuments(call_, after, 4).value();
    if (rows.empty()) break;
    EXPECT_LE(rows.size(), 4U);
    for (const Document& row : rows) scanned.push_back(row.id);
    after = rows.back().id;
    ASSERT_LE(scanned.size(), expected.size());
  }
  EXPECT_EQ(scanned, std::vector<DocumentId>(expected.begin(), expected.end()));
}

TEST_P(MetadataStoreContract, CountersAgreeWithTheRowsWhateverHappens) {
  for (int i = 0; i < 4; ++i) {
    const std::string number = std::to_string(i);
    Pending(Request("alice", "p" + number, 10 + i));
    Completed(Request("alice", "c" + number, 20 + i));
    Deleted(Request("bob", "d" + number, 30 + i), i % 2 == 0 ? 0s : 24h);
    const Document failed = Pending(Request("bob", "f" + number, 40 + i));
    ASSERT_TRUE(store().Fail(call_, failed.id, failed.attempt).ok());
    ASSERT_FALSE(store().Reserve(call_, Request("alice", "q" + number, kQuota + 1)).ok());
    ASSERT_FALSE(store().Reserve(call_, Request("alice", "c" + number, 1)).ok());
  }
  EXPECT_TRUE(store().FindUsageMismatches(call_).value().empty());
  const Usage before = UsageOf("alice");
  EXPECT_EQ(before.total_bytes, 86);
  EXPECT_EQ(before.reserved_bytes, 46);
  EXPECT_EQ(before.file_count, 4);
  ASSERT_TRUE(store().RepairUsage(call_, UserId("alice")).ok());
  const Usage after = UsageOf("alice");
  EXPECT_EQ(after.total_bytes, before.total_bytes);
  EXPECT_EQ(after.reserved_bytes, before.reserved_bytes);
  EXPECT_EQ(after.file_count, before.file_count);
}

TEST_P(MetadataStoreContract, ARecordedHashIsNeverReplaced) {
  const Document stored = Completed(Request("alice", "a.txt", 1));
  const Status status = store().RecordHash(call_, stored.id, ContentHash(std::string(64, 'f')));
  static_cast<void>(status.ok());  // refused or ignored; either way the hash stays
  EXPECT_EQ(store().Find(call_, stored.id).value().value().sha256, stored.sha256);
}

TEST_P(MetadataStoreContract, TheStoreIdIsWrittenOnce) {
  EXPECT_EQ(store().ReadStoreId(call_).value(), std::nullopt);
  const StoreId id(std::string(32, 'a'));
  ASSERT_TRUE(store().WriteStoreId(call_, id).ok());
  EXPECT_EQ(store().ReadStoreId(call_).value(), id);
  EXPECT_FALSE(store().WriteStoreId(call_, StoreId(std::string(32, 'b'))).ok());
  EXPECT_EQ(store().ReadStoreId(call_).value(), id);
  Reopen();
  EXPECT_EQ(store().ReadStoreId(call_).value(), id);
}

TEST_P(MetadataStoreContract, AnyRowCountsAsADocumentOfTheDatabase) {
  EXPECT_FALSE(store().HasDocuments(call_).value());
  const Document row = Pending(Request("alice", "a.txt", 1));
  EXPECT_TRUE(store().HasDocuments(call_).value());
  ASSERT_TRUE(store().Fail(call_, row.id, row.attempt).ok());
  EXPECT_TRUE(store().HasDocuments(call_).value());
  ASSERT_TRUE(store().Forget(call_, row.id, row.attempt).ok());
  EXPECT_FALSE(store().HasDocuments(call_).value());
}

TEST_P(MetadataStoreContract, OneHolderAtATimeMaySweep) {
  EXPECT_TRUE(store().AcquireSweeperLease(call_, "a", 1s).value());
  EXPECT_FALSE(store().AcquireSweeperLease(call_, "b", 1s).value());
  EXPECT_TRUE(store().AcquireSweeperLease(call_, "a", 1s).value()) << "the holder renews";
  EXPECT_FALSE(store().AcquireSweeperLease(call_, "b", 1s).value());
  PassTime(1100ms);
  EXPECT_TRUE(store().AcquireSweeperLease(call_, "b", 900s).value());
  EXPECT_FALSE(store().AcquireSweeperLease(call_, "a", 1s).value());
}

TEST_P(MetadataStoreContract, ADatabaseThatWorksAnswersTheProbe) {
  const Status probed = store().Probe(call_);
  EXPECT_TRUE(probed.ok()) << probed.ToString();
}

TEST_P(MetadataStoreContract, ARecordedVersionIsNeverReplaced) {
  const Document stored = Completed(Request("alice", "a.txt", 1));
  EXPECT_TRUE(store().RecordVersion(call_, stored.id, stored.version).ok());
  for (const Document& document : {stored, Pending(Request("alice", "b.txt", 1)),
                                   Deleted(Request("alice", "c.txt", 1), 24h)}) {
    EXPECT_TRUE(store()
                    .RecordVersion(call_, document.id, ObjectVersion("other"))
                    .Is(Reason::kDocumentNotFound));
    EXPECT_EQ(store().Find(call_, document.id).value().value().version, document.version);
  }
  EXPECT_TRUE(store()
                  .RecordVersion(call_, DocumentId("f0000000-0000-4000-8000-000000000001"),
                                 ObjectVersion("v"))
                  .Is(Reason::kDocumentNotFound));
}

}  // namespace
}  // namespace satchel
