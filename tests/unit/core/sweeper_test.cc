#include "core/sweeper.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/protocol_rig.h"

namespace satchel {
namespace {

using namespace std::chrono_literals;

const std::string kContent = "some text";

/// A version that no row knows.
ObjectRef Orphan(int number) {
  const std::string digits = std::to_string(number);
  return {"documents/alice/general/2026-02-01/o" + digits + ".txt",
          ObjectVersion("orphan" + digits)};
}

class SweeperTest : public testing::Test {
 protected:
  /// Two looks, far enough apart.
  SweepReport SweepTwice() {
    rig_.Sweep();
    rig_.clock.Advance(31min);
    return rig_.Sweep();
  }

  ProtocolRig rig_{VersionNaming::kOpaque};
};

TEST_F(SweeperTest, TakesBackAnUploadWhoseLeaseRanOut) {
  rig_.faults.ArmMethod("Append", Fault::kCrashBefore);
  ASSERT_FALSE(rig_.Upload("a.txt", kContent).ok());
  rig_.faults.Reset();
  EXPECT_EQ(rig_.Sweep().uploads_failed, 0) << "its lease still runs";
  EXPECT_EQ(rig_.metadata.counters()[UserId("alice")].reserved_bytes, 9);
  rig_.clock.Advance(ProtocolRig::kLease);
  const SweepReport report = rig_.Sweep();
  EXPECT_EQ(report.uploads_failed, 1);
  EXPECT_EQ(report.rows_removed, 1);
  EXPECT_EQ(report.stop, SweepStop::kNone);
  EXPECT_TRUE(rig_.IsConsistent());
}

TEST_F(SweeperTest, EndsEveryUploadAtTheStartWhereNobodyElseUploads) {
  rig_.faults.ArmMethod("Append", Fault::kCrashBefore);
  ASSERT_FALSE(rig_.Upload("a.txt", kContent).ok());
  rig_.Restart();
  EXPECT_EQ(rig_.observer.reports().back().uploads_failed, 1);
  EXPECT_EQ(rig_.metadata.counters()[UserId("alice")].reserved_bytes, 0);
  EXPECT_TRUE(rig_.Upload("a.txt", kContent).ok()) << "its name is free again";
}

TEST_F(SweeperTest, LeavesLiveUploadsOfOthersAloneAtTheStart) {
  Sweeper shared(rig_.metadata, rig_.objects, rig_.clock, rig_.log, rig_.observer, {});
  rig_.faults.ArmMethod("Append", Fault::kCrashBefore);
  ASSERT_FALSE(rig_.Upload("a.txt", kContent).ok());
  EXPECT_EQ(shared.RunOnce(CallContext("start"), SweepTrigger::kStartup).uploads_failed, 0);
}

TEST_F(SweeperTest, RemovesMoreRowsThanFitIntoABatch) {
  SweeperOptions options;
  options.batch_rows = 3;
  ProtocolRig rig(VersionNaming::kOpaque, options);
  for (int i = 0; i < 20; ++i) {
    const Result<Document> stored = rig.Upload(std::to_string(i) + ".txt", kContent);
    ASSERT_TRUE(stored.ok());
    rig.faults.ArmMethod("Remove", Fault::kNotHappened);
    ASSERT_TRUE(rig.Delete(stored->id).ok());
  }
  EXPECT_EQ(rig.Sweep().rows_removed, 20);
  EXPECT_TRUE(rig.IsConsistent());
}

TEST_F(SweeperTest, ARowThatCannotBeCleanedDoesNotStopTheOthers) {
  SweeperOptions options;
  options.batch_rows = 2;
  ProtocolRig rig(VersionNaming::kOpaque, options);
  for (int i = 0; i < 9; ++i) {
    const Result<Document> stored = rig.Upload(std::to_string(i) + ".txt", kContent);
    ASSERT_TRUE(stored.ok());
    rig.faults.ArmMethod("Remove", Fault::kNotHappened);
    ASSERT_TRUE(rig.Delete(stored->id).ok());
  }
  rig.faults.Reset();
  for (int failing = 1; failing <= 4; ++failing) {
    rig.faults.ArmMethod("Remove", Fault::kNotHappened, failing);
  }
  const SweepReport report = rig.Sweep();
  EXPECT_EQ(report.rows_removed, 5);
  EXPECT_EQ(report.row_failures, 4);
  EXPECT_EQ(report.stop, SweepStop::kNone) << "the store answers its probe";
  EXPECT_EQ(rig.Sweep().rows_removed, 4) << "the next sweep tries them again";
  EXPECT_TRUE(rig.IsConsistent());
}

TEST_F(SweeperTest, RowsThatAlwaysFailDoNotHideTheOthersForEver) {
  SweeperOptions options;
  options.batch_rows = 2;
  options.failed_rows_max = 4;
  ProtocolRig rig(VersionNaming::kOpaque, options);
  for (int i = 0; i < 9; ++i) {
    const Result<Document> stored = rig.Upload(std::to_string(i) + ".txt", kContent);
    ASSERT_TRUE(stored.ok());
    rig.faults.ArmMethod("Remove", Fault::kNotHappened);
    ASSERT_TRUE(rig.Delete(stored->id).ok());
    rig.clock.Advance(1s);
  }
  rig.faults.Reset();
  for (int failing = 1; failing <= 4; ++failing) {
    rig.faults.ArmMethod("Remove", Fault::kNotHappened, failing);
  }
  EXPECT_EQ(rig.Sweep().row_failures, 4);
  rig.faults.Reset();
  // The same four fail for ever.
  rig.faults.ArmMethod("Remove", Fault::kNotHappened, 6);
  const SweepReport behind = rig.Sweep();
  EXPECT_EQ(behind.rows_removed, 5);
  EXPECT_EQ(behind.row_failures, 0);
  rig.faults.Reset();
  EXPECT_EQ(rig.Sweep().rows_removed, 4) << "and from the start again";
}

TEST_F(SweeperTest, StopsAtOnceWhenTheStoreIsAway) {
  for (int i = 0; i < 5; ++i) {
    const Result<Document> stored = rig_.Upload(std::to_string(i) + ".txt", kContent);
    rig_.faults.ArmMethod("Remove", Fault::kNotHappened);
    ASSERT_TRUE(rig_.Delete(stored->id).ok());
  }
  rig_.faults.Reset();
  rig_.faults.ArmEvery("Remove", Fault::kNotHappened);
  rig_.faults.ArmEvery("ProbeStore", Fault::kNotHappened);
  const SweepReport report = rig_.Sweep();
  EXPECT_EQ(report.stop, SweepStop::kCallFailed);
  EXPECT_TRUE(report.status.Is(Reason::kObjectStoreUnavailable));
  EXPECT_EQ(report.rows_removed, 0);
  const std::vector<std::string> trace = rig_.faults.trace();
  EXPECT_EQ(std::count(trace.begin(), trace.end(), "Remove"), 1) << "no storm of time-outs";
}

TEST_F(SweeperTest, AnOrphanGoesWhenItIsOldAndWasSeenTwice) {
  rig_.objects.Plant(Orphan(1), kContent);
  EXPECT_EQ(rig_.Sweep().orphans_found, 0) << "young";
  rig_.clock.Advance(kOrphanAgeMin);
  EXPECT_EQ(rig_.Sweep().orphans_removed, 0) << "exactly 24 h is not older than 24 h";
  rig_.clock.Advance(31min);
  EXPECT_EQ(rig_.Sweep().orphans_removed, 1);
  EXPECT_TRUE(rig_.IsConsistent());
}

TEST_F(SweeperTest, OneLookIsNotEnough) {
  rig_.objects.Plant(Orphan(1), kContent);
  rig_.clock.Advance(48h);
  const SweepReport first = rig_.Sweep();
  EXPECT_EQ(first.orphans_found, 1);
  EXPECT_EQ(first.orphans_removed, 0);
  EXPECT_FALSE(rig_.Sweep().orphans_searched) << "searches are an interval apart";
  rig_.clock.Advance(31min);
  EXPECT_EQ(rig_.Sweep().orphans_removed, 1);
}

TEST_F(SweeperTest, ASearchThatFailedDoesNotCountAsALook) {
  rig_.objects.Plant(Orphan(1), kContent);
  rig_.clock.Advance(48h);
  rig_.Sweep();
  rig_.clock.Advance(31min);
  rig_.faults.ArmMethod("ListVersions", Fault::kNotHappened);
  EXPECT_EQ(rig_.Sweep().stop, SweepStop::kCallFailed);
  rig_.clock.Advance(31min);
  EXPECT_EQ(rig_.Sweep().orphans_removed, 0);
  rig_.clock.Advance(31min);
  EXPECT_EQ(rig_.Sweep().orphans_removed, 1);
}

TEST_F(SweeperTest, ForeignVersionsStay) {
  const std::vector<ObjectRef> foreign = {
      {"documents", ObjectVersion("1")},
      {"documents/alice/general/2026-02-01", ObjectVersion("2")},
      {"documents/alice/general/2026-02-30/a.txt", ObjectVersion("3")},
      {"documents/alice/general/2026-02-01/", ObjectVersion("4")},
      {"documents/alice/general/2026-02-01/a/b.txt", ObjectVersion("5")},
      {"documents2/alice/general/2026-02-01/a.txt", ObjectVersion("6")},
      {"/documents/alice/general/2026-02-01/a.txt", ObjectVersion("7")},
      {"temp/alice/general/2026-02-01/a.txt", ObjectVersion("8")},
      {"documents/../general/2026-02-01/a.txt", ObjectVersion("9")},
      {"", ObjectVersion("0123456789ABCDEF0123456789ABCDEF")},
      {"", ObjectVersion("0123456789abcdef")},
      {"documents/alice/general/2026-02-01/a.txt", ObjectVersion("")},
  };
  for (const ObjectRef& object : foreign) rig_.objects.Plant(object, kContent);
  rig_.clock.Advance(48h);
  const SweepReport report = SweepTwice();
  EXPECT_EQ(report.stop, SweepStop::kNone);
  EXPECT_EQ(report.orphans_found, 0);
  EXPECT_EQ(rig_.objects.versions().size(), foreign.size() + 1);
}

TEST_F(SweeperTest, BytesOfRowsThatOtherProgramsWroteStay) {
  const ObjectRef object{"documents/bob/general/2026-02-01/b.txt", ObjectVersion("theirs")};
  rig_.objects.Plant(object, kContent);
  MemoryMetadataStore::Row row;
  row.document.id = DocumentId("f0000000-0000-4000-8000-000000000001");
  row.document.state = DocumentState::kCompleted;
  row.document.user = UserId("bob");
  row.document.object_key = row.path = object.key;
  row.document.size = static_cast<std::int64_t>(kContent.size());
  rig_.metadata.Insert(row);
  rig_.clock.Advance(48h);
  EXPECT_EQ(SweepTwice().orphans_found, 0);
  EXPECT_EQ(rig_.objects.versions().size(), 2U);
}

TEST_F(SweeperTest, StopsWhenTheStoreIsNotTheDatabases) {
  rig_.objects.Plant(Orphan(1), kContent);
  const Result<Document> stored = rig_.Upload("a.txt", kContent);
  rig_.faults.ArmMethod("Remove", Fault::kNotHappened);
  ASSERT_TRUE(rig_.Delete(stored->id).ok());
  rig_.clock.Advance(48h);
  rig_.Sweep();
  rig_.clock.Advance(31min);
  for (const std::optional<StoreId>& other :
       {std::optional(StoreId("another")), std::optional<StoreId>()}) {
    rig_.objects.SetStoreId(other);
    const std::size_t versions = rig_.objects.versions().size();
    const std::size_t rows = rig_.metadata.rows().size();
    const SweepReport report = rig_.Sweep();
    EXPECT_EQ(report.stop, SweepStop::kStoreIdMismatch);
    EXPECT_TRUE(report.status.Is(Reason::kConfigurationInvalid));
    EXPECT_EQ(rig_.objects.versions().size(), versions);
    EXPECT_EQ(rig_.metadata.rows().size(), rows);
    EXPECT_EQ(rig_.observer.reports().back().stop, SweepStop::kStoreIdMismatch);
    EXPECT_EQ(rig_.log.events().back().level, LogLevel::kError);
  }
}

TEST_F(SweeperTest, StopsWhenTheDatabaseKnowsNothingButTheStoreIsNotEmpty) {
  rig_.clock.Advance(48h);
  rig_.Sweep();
  rig_.metadata.EraseAllDocuments();
  for (int look = 0; look < 3; ++look) {
    rig_.clock.Advance(31min);
    EXPECT_EQ(rig_.Sweep().stop, SweepStop::kDatabaseEmpty);
  }
  EXPECT_EQ(rig_.objects.versions().size(), 1U);
}

TEST_F(SweeperTest, AnEmptyStoreAndAnEmptyDatabaseAreFine) {
  rig_.metadata.EraseAllDocuments();
  rig_.objects.EraseVersion(rig_.objects.versions().front());
  EXPECT_EQ(SweepTwice().stop, SweepStop::kNone);
}

TEST_F(SweeperTest, StopsWhenMoreLookOrphanedThanCanBeBelieved) {
  for (int i = 0; i < 101; ++i) rig_.objects.Plant(Orphan(i), kContent);
  rig_.clock.Advance(48h);
  for (int look = 0; look < 3; ++look) {
    const SweepReport report = rig_.Sweep();
    EXPECT_EQ(report.stop, SweepStop::kTooManyOrphans);
    EXPECT_EQ(report.orphans_found, 101);
    rig_.clock.Advance(31min);
  }
  EXPECT_EQ(rig_.objects.versions().size(), 102U);
  rig_.objects.EraseVersion(Orphan(0));
  EXPECT_EQ(SweepTwice().orphans_removed, 100) << "100 are believed, after two looks of their own";
}

TEST_F(SweeperTest, OfManyVersionsOneInAHundredIsBelieved) {
  SweeperOptions options;
  options.orphans_believed_max = 0;
  ProtocolRig rig(VersionNaming::kOpaque, options);
  // Two old orphans, the resident, and young orphans up to the number wanted.
  rig.objects.Plant(Orphan(0), kContent);
  rig.objects.Plant(Orphan(1), kContent);
  rig.clock.Advance(25h);
  for (int i = 2; i < 198; ++i) rig.objects.Plant(Orphan(i), kContent);
  ASSERT_EQ(rig.objects.versions().size(), 199U);
  EXPECT_EQ(rig.Sweep().stop, SweepStop::kTooManyOrphans);
  rig.objects.Plant(Orphan(198), kContent);
  ASSERT_EQ(rig.objects.versions().size(), 200U);
  rig.clock.Advance(31min);
  EXPECT_EQ(rig.Sweep().stop, SweepStop::kNone);
  rig.clock.Advance(31min);
  EXPECT_EQ(rig.Sweep().orphans_removed, 2);
}

TEST_F(SweeperTest, StopsWhenTheClocksDiffer) {
  ManualClock other_clock;
  MemoryMetadataStore metadata(other_clock);
  metadata.SetStoreId(StoreId("pair"));
  rig_.objects.SetStoreId(StoreId("pair"));
  Sweeper sweeper(metadata, rig_.objects, rig_.clock, rig_.log, rig_.observer, {});
  for (const std::chrono::milliseconds difference : {5min + 1ms, -10min - 2ms}) {
    other_clock.JumpWall(difference);
    const SweepReport report = sweeper.RunOnce(CallContext("sweep"), SweepTrigger::kTimer);
    EXPECT_EQ(report.stop, SweepStop::kClocksDiffer);
    EXPECT_EQ(rig_.objects.versions().size(), 1U);
    rig_.clock.Advance(31min);
    other_clock.Advance(31min);
  }
  other_clock.JumpWall(5min + 1ms);
  EXPECT_EQ(sweeper.RunOnce(CallContext("sweep"), SweepTrigger::kTimer).stop,
            SweepStop::kDatabaseEmpty)
      << "5 min are tolerated";
}

TEST_F(SweeperTest, WhicheverCallFailsNothingUnsureIsRemoved) {
  for (int step = 1;; ++step) {
    ProtocolRig rig(VersionNaming::kOpaque);
    rig.objects.Plant(Orphan(1), kContent);
    const Result<Document> stored = rig.Upload("a.txt", kContent);
    ASSERT_TRUE(stored.ok());
    rig.clock.Advance(48h);
    rig.Sweep();
    rig.clock.Advance(31min);
    rig.faults.Reset();
    rig.faults.Arm(step, Fault::kNotHappened);
    const SweepReport report = rig.Sweep();
    if (rig.faults.steps() < step) break;
    SCOPED_TRACE(rig.faults.trace()[static_cast<std::size_t>(step - 1)]);
    const std::string failed = rig.faults.trace()[static_cast<std::size_t>(step - 1)];
    if (failed != "Remove") {
      EXPECT_EQ(report.stop, SweepStop::kCallFailed);
      EXPECT_FALSE(report.status.ok());
    }
    EXPECT_EQ(rig.objects.versions().size(), 3U);
    EXPECT_EQ(rig.Download(stored->id).value(), kContent);
  }
}

TEST_F(SweeperTest, AVersionThatARowKnowsByNowStays) {
  rig_.objects.Plant(Orphan(1), kContent);
  rig_.clock.Advance(48h);
  rig_.Sweep();
  MemoryMetadataStore::Row row;
  row.document.id = DocumentId("f0000000-0000-4000-8000-000000000001");
  row.document.state = DocumentState::kCompleted;
  row.document.version = Orphan(1).version;
  row.document.object_key = row.path = Orphan(1).key;
  rig_.metadata.Insert(row);
  rig_.clock.Advance(31min);
  EXPECT_EQ(rig_.Sweep().orphans_removed, 0);
  EXPECT_EQ(rig_.objects.versions().size(), 2U);
}

TEST_F(SweeperTest, ACancelledSweepEndsBetweenRows) {
  for (int i = 0; i < 5; ++i) {
    const Result<Document> stored = rig_.Upload(std::to_string(i) + ".txt", kContent);
    rig_.faults.ArmMethod("Remove", Fault::kNotHappened);
    ASSERT_TRUE(rig_.Delete(stored->id).ok());
  }
  rig_.faults.Reset();
  rig_.faults.ArmMethod("Forget", Fault::kCancel, 2);
  const SweepReport report = rig_.Sweep();
  EXPECT_EQ(report.stop, SweepStop::kCancelled);
  EXPECT_EQ(report.rows_removed, 1);
  rig_.faults.Reset();
  EXPECT_EQ(rig_.Sweep().rows_removed, 4);
}

TEST_F(SweeperTest, OneReplicaSweepsAtATime) {
  SweeperOptions of_a;
  of_a.lease_holder = "a";
  SweeperOptions of_b;
  of_b.lease_holder = "b";
  Sweeper a(rig_.metadata, rig_.objects, rig_.clock, rig_.log, rig_.observer, of_a);
  Sweeper b(rig_.metadata, rig_.objects, rig_.clock, rig_.log, rig_.observer, of_b);
  const CallContext call("sweep");
  EXPECT_EQ(a.RunOnce(call, SweepTrigger::kTimer).stop, SweepStop::kNone);
  const SweepReport refused = b.RunOnce(call, SweepTrigger::kTimer);
  EXPECT_EQ(refused.stop, SweepStop::kLeaseHeld);
  EXPECT_TRUE(refused.status.ok()) << "that is no error";
  rig_.clock.Advance(of_a.lease);
  EXPECT_EQ(b.RunOnce(call, SweepTrigger::kTimer).stop, SweepStop::kNone);
  a.GiveUpLease(call);
  EXPECT_EQ(a.RunOnce(call, SweepTrigger::kTimer).stop, SweepStop::kLeaseHeld) << "it was not a's";
  b.GiveUpLease(call);
  EXPECT_EQ(a.RunOnce(call, SweepTrigger::kTimer).stop, SweepStop::kNone) << "b has ended";
}

TEST_F(SweeperTest, RowsAreSweptBeforeTheOrphanSearchCanFail) {
  const Result<Document> stored = rig_.Upload("a.txt", kContent);
  rig_.faults.ArmMethod("Remove", Fault::kNotHappened);
  ASSERT_TRUE(rig_.Delete(stored->id).ok());
  rig_.faults.Reset();
  rig_.faults.ArmMethod("ListVersions", Fault::kNotHappened);
  const SweepReport report = rig_.Sweep();
  EXPECT_EQ(report.stop, SweepStop::kCallFailed);
  EXPECT_EQ(report.rows_removed, 1);
}

}  // namespace
}  // namespace satchel
