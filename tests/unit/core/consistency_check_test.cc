#include "core/consistency_check.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/text.h"
#include "support/protocol_rig.h"

namespace satchel {
namespace {

using namespace std::chrono_literals;

const std::string kContent = "some text of alice";

class ConsistencyCheckTest : public testing::TestWithParam<VersionNaming> {
 protected:
  Document Store(const std::string& filename) {
    const Result<Document> stored = rig_.Upload(filename, kContent);
    EXPECT_TRUE(stored.ok()) << stored.status().ToString();
    return stored.ok() ? *stored : Document();
  }
  static ObjectRef RefOf(const Document& document) {
    return {document.object_key, document.version};
  }
  /// A version that no row knows.
  static ObjectRef Orphan(int number) {
    const std::string digits = std::to_string(1000 + number);
    return GetParam() == VersionNaming::kAttempt
               ? ObjectRef{"", ObjectVersion("0123456789abcdef0123456789ab" + digits)}
               : ObjectRef{"documents/a/b/2026-02-01/c.txt", ObjectVersion(digits)};
  }
  /// Exactly one finding of this kind, in both ways of running; the document stays as it is.
  void ExpectDamage(const Document& document, FindingKind kind) {
    for (const bool repair : {false, true}) {
      ConsistencySummary summary;
      const RecordingListener found = rig_.Check(repair, &summary);
      ASSERT_EQ(found.findings.size(), 1U);
      EXPECT_EQ(found.findings[0].kind, kind) << NameOf(found.findings[0].kind);
      EXPECT_EQ(InvariantOf(found.findings[0].kind), "I1");
      EXPECT_EQ(found.findings[0].document, document.id);
      EXPECT_EQ(found.findings[0].user, document.user);
      EXPECT_FALSE(found.findings[0].repaired);
      EXPECT_FALSE(found.findings[0].message.empty());
      EXPECT_EQ(summary.findings, 1);
      EXPECT_EQ(summary.repaired, 0);
    }
    EXPECT_EQ(rig_.ListAlice().size(), 1U) << "a damaged document is never removed";
  }

  ProtocolRig rig_{GetParam()};
};

TEST_P(ConsistencyCheckTest, FindsNothingWhereAllIsWell) {
  Store("a.txt");
  Store("b.txt");
  ConsistencySummary summary;
  const RecordingListener found = rig_.Check(false, &summary);
  EXPECT_TRUE(found.findings.empty());
  EXPECT_EQ(summary.checked.documents_checked, 3);
  EXPECT_GT(summary.checked.bytes_read, 2 * static_cast<std::int64_t>(kContent.size()));
  EXPECT_EQ(found.last_progress.documents_checked, 3);
  EXPECT_EQ(summary.versions_listed, 3);
}

TEST_P(ConsistencyCheckTest, FindsChangedBytes) {
  const Document document = Store("a.txt");
  std::string changed = kContent;
  changed.back() ^= 1;
  rig_.objects.Overwrite(RefOf(document), changed);
  ExpectDamage(document, FindingKind::kHashDiffers);
}

TEST_P(ConsistencyCheckTest, FindsBytesThatAreTooFewOrTooMany) {
  const Document document = Store("a.txt");
  rig_.objects.Overwrite(RefOf(document), kContent.substr(1));
  ExpectDamage(document, FindingKind::kLengthDiffers);
  rig_.objects.Overwrite(RefOf(document), kContent + "x");
  ExpectDamage(document, FindingKind::kLengthDiffers);
}

TEST_P(ConsistencyCheckTest, FindsBytesThatAreGone) {
  const Document document = Store("a.txt");
  rig_.objects.EraseVersion(RefOf(document));
  ExpectDamage(document, FindingKind::kObjectMissing);
}

TEST_P(ConsistencyCheckTest, AnObjectThatCannotBeReadIsAFindingWhileTheStoreWorks) {
  const Document document = Store("a.txt");
  rig_.faults.ArmMethod("Open", Fault::kNotHappened);
  const RecordingListener found = rig_.Check(false);
  ASSERT_EQ(found.findings.size(), 1U);
  EXPECT_EQ(found.findings[0].kind, FindingKind::kObjectUnreadable);
}

TEST_P(ConsistencyCheckTest, AStoreThatIsAwayIsNoFindingButAnError) {
  Store("a.txt");
  RecordingListener listener;
  Sweeper sweeper(rig_.metadata, rig_.objects, rig_.clock, rig_.log, rig_.observer, {});
  ConsistencyCheck check(rig_.faulty_metadata, rig_.faulty_objects, sweeper, rig_.log,
                         rig_.observer, {});
  rig_.faults.ArmEvery("Open", Fault::kNotHappened);
  rig_.faults.ArmEvery("ProbeStore", Fault::kNotHappened);
  const Result<ConsistencySummary> done = check.Run(CallContext("fsck"), listener);
  EXPECT_TRUE(done.status().Is(Reason::kObjectStoreUnavailable));
  EXPECT_TRUE(listener.findings.empty());
}

TEST_P(ConsistencyCheckTest, WhicheverCallFailsItIsNotCalledClean) {
  for (int step = 1;; ++step) {
    ProtocolRig rig(GetParam());
    ASSERT_TRUE(rig.Upload("a.txt", kContent).ok());
    Sweeper sweeper(rig.faulty_metadata, rig.faulty_objects, rig.clock, rig.log, rig.observer, {});
    ConsistencyCheck check(rig.faulty_metadata, rig.faulty_objects, sweeper, rig.log, rig.observer,
                           {.repair = true});
    rig.faults.Reset();
    rig.faults.Arm(step, Fault::kNotHappened);
    RecordingListener listener;
    const Result<ConsistencySummary> done = check.Run(CallContext("fsck"), listener);
    if (rig.faults.steps() < step) break;
    EXPECT_TRUE(!done.ok() || done->findings > 0) << rig.faults.trace().back();
  }
}

TEST_P(ConsistencyCheckTest, ADocumentDeletedMeanwhileIsNoFinding) {
  const Document document = Store("a.txt");
  // The delete happens between the scan of the rows and the look at the bytes.
  struct DeletingListener final : ConsistencyListener {
    void OnFinding(const Finding& finding) override { findings.push_back(finding); }
    void OnProgress(const ConsistencyProgress&) override { act(); }
    std::vector<Finding> findings;
    std::function<void()> act;
  };
  DeletingListener listener;
  bool deleted = false;
  listener.act = [&] {
    if (deleted) return;
    deleted = rig_.Delete(document.id).ok();
  };
  Sweeper sweeper(rig_.metadata, rig_.objects, rig_.clock, rig_.log, rig_.observer, {});
  ConsistencyCheck check(rig_.metadata, rig_.objects, sweeper, rig_.log, rig_.observer, {});
  ASSERT_TRUE(check.Run(CallContext("fsck"), listener).ok());
  EXPECT_TRUE(deleted);
  EXPECT_TRUE(listener.findings.empty());
}

TEST_P(ConsistencyCheckTest, AHashIsRecordedOnlyWithRepair) {
  const std::string bytes = "their bytes";
  MemoryMetadataStore::Row row;
  row.document = Store("a.txt");
  rig_.objects.Overwrite(RefOf(row.document), bytes);
  row.path = row.document.object_key;
  row.document.sha256 = ContentHash();
  rig_.metadata.ChangeCounters(UserId("alice"), [&](auto& counters) {
    counters.total_bytes += static_cast<std::int64_t>(bytes.size()) - row.document.size;
  });
  row.document.size = static_cast<std::int64_t>(bytes.size());
  rig_.metadata.Insert(row);

  ConsistencySummary summary;
  EXPECT_TRUE(rig_.Check(false, &summary).findings.empty());
  EXPECT_EQ(summary.documents_without_hash, 1);
  EXPECT_EQ(summary.hashes_recorded, 0);
  EXPECT_TRUE(rig_.Check(true, &summary).findings.empty());
  EXPECT_EQ(summary.hashes_recorded, 1);
  EXPECT_TRUE(rig_.Check(false, &summary).findings.empty());
  EXPECT_EQ(summary.documents_without_hash, 0);
  EXPECT_EQ(rig_.Download(row.document.id).value(), bytes) << "the hash is the right one";
}

TEST_P(ConsistencyCheckTest, ADocumentDeletedBeforeItsHashIsRecordedIsNoError) {
  MemoryMetadataStore::Row row;
  row.document = Store("a.txt");
  row.path = row.document.object_key;
  row.document.sha256 = ContentHash();
  rig_.metadata.Insert(row);
  rig_.faults.OnCancel([&] { EXPECT_TRUE(rig_.Delete(row.document.id).ok()); });
  rig_.faults.ArmMethod("RecordHash", Fault::kCancel);
  ConsistencySummary summary;
  EXPECT_TRUE(rig_.Check(true, &summary).findings.empty());
  EXPECT_EQ(summary.hashes_recorded, 0);
  EXPECT_TRUE(rig_.ListAlice().empty());
}

TEST_P(ConsistencyCheckTest, WrongCountersAreRecountedOnlyWithRepairAndWithAnAlarm) {
  Store("a.txt");
  rig_.metadata.ChangeCounters(UserId("alice"), [](auto& counters) {
    counters.total_bytes += 7;
    counters.reserved_bytes += 1;
    counters.file_count -= 1;
  });
  const RecordingListener reported = rig_.Check(false);
  ASSERT_EQ(reported.findings.size(), 1U);
  EXPECT_EQ(reported.findings[0].kind, FindingKind::kUsageDiffers);
  EXPECT_EQ(InvariantOf(FindingKind::kUsageDiffers), "I2");
  EXPECT_EQ(reported.findings[0].user.value(), "alice");
  EXPECT_FALSE(reported.findings[0].repaired);
  EXPECT_TRUE(rig_.observer.repaired().empty());

  ConsistencySummary summary;
  const RecordingListener repaired = rig_.Check(true, &summary);
  ASSERT_EQ(repaired.findings.size(), 1U);
  EXPECT_TRUE(repaired.findings[0].repaired);
  EXPECT_EQ(summary.repaired, 1);
  EXPECT_EQ(rig_.observer.repaired(), (std::vector<UserId>{UserId("alice")}));
  EXPECT_EQ(rig_.log.events().back().level, LogLevel::kError);
  EXPECT_TRUE(rig_.Check(false).findings.empty());
  EXPECT_TRUE(rig_.IsConsistent());
}

TEST_P(ConsistencyCheckTest, ARepairWhoseAnswerWasLostIsRepeated) {
  for (const Fault fault : {Fault::kUnknownHappened, Fault::kUnknownNotHappened}) {
    rig_.metadata.ChangeCounters(UserId("alice"), [](auto& counters) { counters.total_bytes = 7; });
    rig_.faults.ArmMethod("RepairUsage", fault);
    EXPECT_EQ(rig_.Check(true).findings.size(), 1U);
    EXPECT_TRUE(rig_.Check(false).findings.empty());
  }
}

TEST_P(ConsistencyCheckTest, FindingsAreTextWhateverARowHolds) {
  rig_.metadata.ChangeCounters(UserId("u\xFF"), [](auto& counters) { counters.total_bytes = 1; });
  MemoryMetadataStore::Row row;
  row.document.id = DocumentId("i\xFF");
  row.document.state = DocumentState::kCompleted;
  row.document.user = UserId("v\xFF");
  row.document.object_key = row.path = "p\xFF";
  row.document.version = ObjectVersion("0123456789abcdef0123456789abcdef");
  rig_.metadata.Insert(row);
  const RecordingListener found = rig_.Check(true);
  ASSERT_EQ(found.findings.size(), 3U);
  for (const Finding& finding : found.findings) {
    for (const std::string& text :
         {finding.document.value(), finding.user.value(), finding.object.key, finding.message}) {
      EXPECT_TRUE(IsValidUtf8(text)) << text;
    }
  }
  EXPECT_EQ(rig_.Check(false).findings.size(), 1U) << "the counters were repaired";
}

TEST_P(ConsistencyCheckTest, DeadUploadsAreSweptOnlyWithRepair) {
  rig_.faults.ArmMethod("Append", Fault::kCrashBefore);
  ASSERT_FALSE(rig_.Upload("a.txt", kContent).ok());
  rig_.faults.Reset();
  EXPECT_TRUE(rig_.Check(false).findings.empty()) << "its lease still runs";
  rig_.clock.Advance(ProtocolRig::kLease + 14min);
  EXPECT_TRUE(rig_.Check(false).findings.empty()) << "the sweeper may take some minutes";
  rig_.clock.Advance(2min);
  const RecordingListener reported = rig_.Check(false);
  ASSERT_EQ(reported.findings.size(), 1U);
  EXPECT_EQ(reported.findings[0].kind, FindingKind::kUploadExpired);
  EXPECT_FALSE(reported.findings[0].repaired);
  const RecordingListener repaired = rig_.Check(true);
  ASSERT_EQ(repaired.findings.size(), 1U);
  EXPECT_TRUE(repaired.findings[0].repaired);
  EXPECT_TRUE(rig_.IsConsistent());
}

TEST_P(ConsistencyCheckTest, GarbageIsAFindingWhenItIsOverdue) {
  const Document document = Store("a.txt");
  rig_.faults.ArmMethod("Remove", Fault::kNotHappened);
  ASSERT_TRUE(rig_.Delete(document.id).ok());
  rig_.clock.Advance(14min);
  EXPECT_TRUE(rig_.Check(false).findings.empty()) << "the sweeper may take some minutes";
  rig_.clock.Advance(2min);
  const RecordingListener reported = rig_.Check(false);
  ASSERT_EQ(reported.findings.size(), 1U);
  EXPECT_EQ(reported.findings[0].kind, FindingKind::kGarbageOverdue);
  const RecordingListener repaired = rig_.Check(true);
  ASSERT_EQ(repaired.findings.size(), 1U);
  EXPECT_TRUE(repaired.findings[0].repaired);
  EXPECT_TRUE(rig_.IsConsistent());
}

TEST_P(ConsistencyCheckTest, AnOrphanIsAFindingWhenItIsOld) {
  const ObjectRef orphan = Orphan(0);
  rig_.objects.Plant(orphan, kContent);
  ConsistencySummary summary;
  EXPECT_TRUE(rig_.Check(false, &summary).findings.empty());
  EXPECT_EQ(summary.young_orphans, 1);
  rig_.clock.Advance(kOrphanAgeMin + 1min);
  const RecordingListener found = rig_.Check(false, &summary);
  ASSERT_EQ(found.findings.size(), 1U);
  EXPECT_EQ(found.findings[0].kind, FindingKind::kOrphan);
  EXPECT_EQ(found.findings[0].object, orphan);
  EXPECT_FALSE(found.findings[0].repaired);
  EXPECT_EQ(summary.young_orphans, 0);
  EXPECT_EQ(rig_.objects.versions().size(), 2U);
}

TEST_P(ConsistencyCheckTest, OldOrphansGoWithRepairHoweverManyTheyAre) {
  constexpr int kOrphans = 150;
  for (int i = 0; i < kOrphans; ++i) rig_.objects.Plant(Orphan(i), kContent);
  rig_.clock.Advance(kOrphanAgeMin + 1min);
  rig_.objects.Plant(Orphan(kOrphans), kContent);
  ConsistencySummary summary;
  const RecordingListener found = rig_.Check(true, &summary);
  EXPECT_EQ(summary.repaired, kOrphans);
  EXPECT_EQ(summary.young_orphans, 1);
  for (const Finding& finding : found.findings) EXPECT_TRUE(finding.repaired);
  EXPECT_EQ(rig_.objects.versions().size(), 2U) << "the resident's and the young one";
  EXPECT_TRUE(rig_.Check(false).findings.empty());
}

TEST_P(ConsistencyCheckTest, NoOrphanGoesWhereTheDatabaseKnowsNothing) {
  rig_.metadata.EraseAllDocuments();
  rig_.clock.Advance(kOrphanAgeMin + 1min);
  ConsistencySummary summary;
  rig_.Check(true, &summary);
  EXPECT_EQ(rig_.objects.versions().size(), 1U);
}

TEST_P(ConsistencyCheckTest, AForeignStoreIsNotChecked) {
  rig_.objects.SetStoreId(StoreId("another"));
  RecordingListener listener;
  Sweeper sweeper(rig_.metadata, rig_.objects, rig_.clock, rig_.log, rig_.observer, {});
  ConsistencyCheck check(rig_.metadata, rig_.objects, sweeper, rig_.log, rig_.observer, {});
  EXPECT_TRUE(check.Run(CallContext("fsck"), listener).status().Is(Reason::kConfigurationInvalid));
}

INSTANTIATE_TEST_SUITE_P(Stores, ConsistencyCheckTest,
                         testing::Values(VersionNaming::kAttempt, VersionNaming::kOpaque),
                         [](const auto& naming) {
                           return naming.param == VersionNaming::kAttempt ? "Attempt" : "Opaque";
                         });

}  // namespace
}  // namespace satchel
