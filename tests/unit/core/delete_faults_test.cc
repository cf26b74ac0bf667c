// Deletes with a fault at every step, and names that come back while old requests are under way.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/fake_streams.h"
#include "support/protocol_rig.h"

namespace satchel {
namespace {

using namespace std::chrono_literals;

const std::string kContent = "twenty bytes of text";
const std::string kOtherContent = "another text";

constexpr Fault kFaults[] = {
    Fault::kNotHappened, Fault::kUnknownNotHappened, Fault::kUnknownHappened, Fault::kUnknownLate,
    Fault::kCancel,      Fault::kDeadline,           Fault::kCrashBefore,     Fault::kCrashAfter};

class DeleteFaults : public testing::TestWithParam<VersionNaming> {
 protected:
  /// A stored document, and the steps counted from here.
  static Document Store(ProtocolRig& rig, const std::string& content) {
    const Result<Document> stored = rig.Upload("a.txt", content);
    EXPECT_TRUE(stored.ok()) << stored.status().ToString();
    rig.faults.Reset();
    return stored.ok() ? *stored : Document();
  }

  static std::string Describe(const ProtocolRig& rig, const Result<Deletion>& answer) {
    std::string text;
    for (const std::string& method : rig.faults.trace()) text += " " + method;
    return text + " -> " + answer.status().ToString();
  }

  /// The document is there as a whole, or gone as a whole and for good.
  static void ExpectSettled(ProtocolRig& rig, const Document& document,
                            const Result<Deletion>& answer, bool answered) {
    EXPECT_TRUE(rig.IsConsistent());
    const Result<std::string> bytes = rig.Download(document.id);
    if (bytes.ok()) {
      EXPECT_EQ(*bytes, kContent);
      EXPECT_FALSE(answer.ok()) << "a delete that was acknowledged did not last";
    } else {
      EXPECT_EQ(bytes.status().reason(), Reason::kDocumentNotFound) << bytes.status().ToString();
    }
    if (!answered || answer.ok()) return;
    EXPECT_NE(answer.status().reason(), Reason::kOutcomeUnknown);
    EXPECT_NE(answer.status().reason(), Reason::kInternal) << answer.status().ToString();
  }
};

TEST_P(DeleteFaults, WithoutAnyRowAndBytesAreGoneAtOnce) {
  ProtocolRig rig(GetParam());
  const Document document = Store(rig, kContent);
  const Result<Deletion> answer = rig.Delete(document.id);
  ASSERT_TRUE(answer.ok()) << answer.status().ToString();
  EXPECT_EQ(answer->usage.total_bytes, 0);
  EXPECT_EQ(answer->usage.file_count, 0);
  EXPECT_TRUE(rig.IsConsistent());
  EXPECT_TRUE(rig.Delete(document.id).status().Is(Reason::kDocumentNotFound));
}

TEST_P(DeleteFaults, AtEveryStepLeaveAllInOrder) {
  constexpr int kStepsMax = 8;
  for (int step = 1; step <= kStepsMax; ++step) {
    for (const Fault fault : kFaults) {
      ProtocolRig rig(GetParam());
      const Document document = Store(rig, kContent);
      rig.faults.Arm(step, fault);
      const Result<Deletion> answer = rig.Delete(document.id);
      if (rig.faults.steps() < step) continue;
      SCOPED_TRACE(std::to_string(step) + " " + std::string(NameOf(fault)) + ":" +
                   Describe(rig, answer));
      const bool answered = !rig.faults.crashed();
      if (!answered) rig.Restart();
      rig.faults.Reset();
      if (answered && answer.ok()) {
        EXPECT_TRUE(rig.Download(document.id).status().Is(Reason::kDocumentNotFound));
        EXPECT_EQ(answer->usage.total_bytes, 0);
        EXPECT_EQ(rig.metadata.counters()[UserId("alice")].total_bytes, 0);
      }
      rig.Settle();
      ExpectSettled(rig, document, answer, answered);
    }
  }
}

TEST_P(DeleteFaults, InPairsLeaveAllInOrder) {
  constexpr int kStepsMax = 10;
  for (int late_calls = 0; late_calls <= 2; ++late_calls) {
    for (int first = 1; first <= kStepsMax; ++first) {
      for (int second = first + 1; second <= kStepsMax; ++second) {
        for (const Fault fault : kFaults) {
          for (const Fault next_fault : kFaults) {
            ProtocolRig rig(GetParam());
            const Document document = Store(rig, kContent);
            rig.faults.SetLateCalls(late_calls);
            rig.faults.Arm(first, fault);
            rig.faults.Arm(second, next_fault);
            const Result<Deletion> answer = rig.Delete(document.id);
            if (rig.faults.steps() < second) continue;
            SCOPED_TRACE(std::to_string(first) + " " + std::string(NameOf(fault)) + ", " +
                         std::to_string(second) + " " + std::string(NameOf(next_fault)) + ":" +
                         Describe(rig, answer));
            const bool answered = !rig.faults.crashed();
            if (!answered) rig.Restart();
            rig.Settle();
            ExpectSettled(rig, document, answer, answered);
            if (HasFailure()) return;
          }
        }
      }
    }
  }
}

// A delete whose answer was lost did happen: the caller must not be told otherwise.
TEST_P(DeleteFaults, AnUnknownOutcomeIsFoundOut) {
  for (const Fault fault : {Fault::kUnknownHappened, Fault::kUnknownNotHappened}) {
    ProtocolRig rig(GetParam());
    const Document document = Store(rig, kContent);
    rig.faults.ArmMethod("Delete", fault);
    const Result<Deletion> answer = rig.Delete(document.id);
    SCOPED_TRACE(std::string(NameOf(fault)) + ":" + Describe(rig, answer));
    ASSERT_TRUE(answer.ok());
    EXPECT_EQ(answer->usage.total_bytes, 0);
    EXPECT_EQ(answer->usage.file_count, 0);
    EXPECT_TRUE(rig.IsConsistent());
  }
}

TEST_P(DeleteFaults, ANameThatComesBackIsSafeFromTheDeleteOfItsOldBytes) {
  ProtocolRig rig(GetParam());
  const Document old = Store(rig, kContent);
  rig.faults.ArmMethod("Remove", Fault::kUnknownLate);
  rig.faults.SetLateCalls(1000);
  ASSERT_TRUE(rig.Delete(old.id).ok());
  const Result<Document> renewed = rig.Upload("a.txt", kOtherContent);
  ASSERT_TRUE(renewed.ok()) << renewed.status().ToString();
  EXPECT_EQ(renewed->object_key, old.object_key);
  rig.faults.LandLateEffects();
  EXPECT_EQ(rig.Download(renewed->id).value(), kOtherContent);
  rig.Settle();
  EXPECT_TRUE(rig.IsConsistent());
  EXPECT_EQ(rig.Download(renewed->id).value(), kOtherContent);
}

TEST_P(DeleteFaults, ANameThatComesBackIsSafeFromALatePutOfADeadUpload) {
  ProtocolRig rig(GetParam());
  rig.faults.ArmMethod("Commit", Fault::kUnknownLate);
  rig.faults.SetLateCalls(1000);
  ASSERT_FALSE(rig.Upload("a.txt", kContent).ok());
  const Result<Document> renewed = rig.Upload("a.txt", kOtherContent);
  ASSERT_TRUE(renewed.ok()) << renewed.status().ToString();
  rig.faults.LandLateEffects();
  EXPECT_EQ(rig.Download(renewed->id).value(), kOtherContent);
  rig.Settle();
  EXPECT_TRUE(rig.IsConsistent());
  EXPECT_EQ(rig.Download(renewed->id).value(), kOtherContent);
}

TEST_P(DeleteFaults, SoftDeletedBytesStayForTheRetentionAndGoThen) {
  ProtocolRig rig(GetParam());
  rig.delete_retention = std::chrono::hours(24 * 30);
  rig.Restart();
  const Document document = Store(rig, kContent);
  const Result<Deletion> answer = rig.Delete(document.id);
  ASSERT_TRUE(answer.ok()) << answer.status().ToString();
  EXPECT_EQ(answer->usage.total_bytes, 0);
  EXPECT_TRUE(rig.Download(document.id).status().Is(Reason::kDocumentNotFound));
  EXPECT_TRUE(rig.Upload("a.txt", kOtherContent).ok()) << "the name is free at once";
  rig.clock.Advance(rig.delete_retention - 1min);
  for (int sweep = 0; sweep < 3; ++sweep) {
    EXPECT_TRUE(rig.Sweep().status.ok());
    EXPECT_EQ(rig.objects.versions().size(), 3U) << "the bytes of a soft-deleted document";
    rig.clock.Advance(10s);
  }
  EXPECT_TRUE(rig.Check(false).findings.empty());
  rig.Settle();
  EXPECT_TRUE(rig.IsConsistent());
}

// T2 lands without an answer, and the document is deleted before the upload asks what became of it.
TEST_P(DeleteFaults, ADeleteRightAfterACommitWithoutAnswerKeepsTheRetention) {
  ProtocolRig rig(GetParam());
  rig.delete_retention = std::chrono::hours(24 * 30);
  rig.Restart();
  FakeUploadStream stream(ProtocolRig::MetadataOf("a.txt", kContent), kContent,
                          ProtocolRig::kChunkBytes);
  stream.BeforeRead(2, [&] {
    rig.faults.OnCancel([&] { EXPECT_TRUE(rig.Delete(rig.ListAlice().at(0).id).ok()); });
    rig.faults.ArmMethod("Complete", Fault::kUnknownHappened);
    rig.faults.ArmMethod("FindAttempt", Fault::kCancel);
  });
  const Result<Document> answer = rig.UploadFrom(stream);
  EXPECT_TRUE(answer.ok()) << "it was stored, whatever became of it: "
                           << answer.status().ToString();
  EXPECT_EQ(rig.objects.versions().size(), 2U) << "the bytes of a soft-deleted document";
  rig.clock.Advance(rig.delete_retention - 1min);
  EXPECT_TRUE(rig.Sweep().status.ok());
  EXPECT_EQ(rig.objects.versions().size(), 2U);
  rig.Settle();
  EXPECT_TRUE(rig.IsConsistent());
}

INSTANTIATE_TEST_SUITE_P(Stores, DeleteFaults,
                         testing::Values(VersionNaming::kAttempt, VersionNaming::kOpaque,
                                         VersionNaming::kMultipart),
                         NameOfNaming);

}  // namespace
}  // namespace satchel
