// Uploads with a fault at every step, and with every pair of faults: whatever happens, I1, I2, I3
// and I5 hold afterwards, and OK was only said of a document that can be downloaded.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/protocol_rig.h"

namespace satchel {
namespace {

const std::string kContent = "twenty bytes of text";

constexpr Fault kFaults[] = {
    Fault::kNotHappened, Fault::kUnknownNotHappened, Fault::kUnknownHappened, Fault::kUnknownLate,
    Fault::kCancel,      Fault::kDeadline,           Fault::kCrashBefore,     Fault::kCrashAfter};

std::string Describe(const ProtocolRig& rig) {
  std::string text;
  for (const std::string& method : rig.faults.trace()) text += " " + method;
  return text;
}

/// What an upload may answer; other reasons never reach a caller.
bool IsForCallers(Reason reason) {
  return reason != Reason::kOutcomeUnknown && reason != Reason::kConfigurationInvalid &&
         reason != Reason::kInternal && reason != Reason::kDocumentNotFound;
}

void ExpectHonest(ProtocolRig& rig, const Result<Document>& answer) {
  if (answer.ok()) {
    const Result<std::string> bytes = rig.Download(answer->id);
    ASSERT_TRUE(bytes.ok()) << bytes.status().ToString();
    EXPECT_EQ(*bytes, kContent);
    return;
  }
  EXPECT_TRUE(IsForCallers(answer.status().reason())) << answer.status().ToString();
}

/// After everything has settled: the document is there as a whole or not at all.
void ExpectSettled(ProtocolRig& rig, const Result<Document>& answer, bool answered) {
  EXPECT_TRUE(rig.IsConsistent());
  const std::vector<Document> stored = rig.ListAlice();
  if (!answered) {
    EXPECT_LE(stored.size(), 1U);
    return;
  }
  if (answer.ok()) {
    ASSERT_EQ(stored.size(), 1U);
    EXPECT_EQ(stored[0].id, answer->id);
    ExpectHonest(rig, answer);
  } else if (!stored.empty()) {
    // Only where the database went away or time ran out may the answer leave open what happened.
    EXPECT_TRUE(answer.status().Is(Reason::kDatabaseUnavailable) ||
                answer.status().Is(Reason::kDeadlineExceeded))
        << answer.status().ToString();
  }
}

class UploadFaults : public testing::TestWithParam<VersionNaming> {};

TEST_P(UploadFaults, WithoutAnyTheUploadIsStored) {
  ProtocolRig rig(GetParam());
  const Result<Document> answer = rig.Upload("a.txt", kContent);
  ASSERT_TRUE(answer.ok()) << answer.status().ToString();
  std::vector<std::string> steps{"Reserve", "Create", "Append",  "Append",
                                 "Append",  "Commit", "Complete"};
  if (GetParam() == VersionNaming::kMultipart) steps.insert(steps.begin() + 2, "RecordUpload");
  EXPECT_EQ(rig.faults.trace(), steps);
  ExpectHonest(rig, answer);
  rig.Settle();
  ExpectSettled(rig, answer, true);
}

TEST_P(UploadFaults, AtEveryStepLeaveAllInOrder) {
  ProtocolRig clean(GetParam());
  ASSERT_TRUE(clean.Upload("a.txt", kContent).ok());
  const std::vector<std::string> methods = clean.faults.trace();
  for (int step = 1; step <= static_cast<int>(methods.size()); ++step) {
    for (const Fault fault : kFaults) {
      ProtocolRig rig(GetParam());
      rig.faults.Arm(step, fault);
      const Result<Document> answer = rig.Upload("a.txt", kContent);
      SCOPED_TRACE(methods[static_cast<std::size_t>(step - 1)] + " " + std::string(NameOf(fault)) +
                   ":" + Describe(rig) + " -> " + answer.status().ToString());
      const bool answered = !rig.faults.crashed();
      if (answered) {
        rig.faults.Reset();
        ExpectHonest(rig, answer);
      } else {
        EXPECT_FALSE(answer.ok());
        rig.Restart();
        for (const auto& row : rig.metadata.rows()) {
          EXPECT_NE(row.document.state, DocumentState::kPending) << "after the restart";
        }
      }
      rig.Settle();
      ExpectSettled(rig, answer, answered);
    }
  }
}

// A refused or failed upload has given back its name and its quota when its answer arrives.
TEST_P(UploadFaults, GiveBackNameAndQuotaAtOnceWhileTheDatabaseWorks) {
  for (const char* method : {"Create", "Append", "Commit"}) {
    for (const Fault fault : {Fault::kNotHappened, Fault::kUnknownNotHappened,
                              Fault::kUnknownHappened, Fault::kCancel, Fault::kDeadline}) {
      ProtocolRig rig(GetParam());
      rig.faults.ArmMethod(method, fault);
      const Result<Document> refused = rig.Upload("a.txt", kContent);
      SCOPED_TRACE(std::string(method) + " " + std::string(NameOf(fault)) + ":" + Describe(rig));
      ASSERT_FALSE(refused.ok());
      EXPECT_EQ(rig.metadata.counters()[UserId("alice")].reserved_bytes, 0);
      const Result<Document> again = rig.Upload("a.txt", kContent);
      ASSERT_TRUE(again.ok()) << again.status().ToString();
      EXPECT_EQ(rig.metadata.counters()[UserId("alice")].total_bytes,
                static_cast<std::int64_t>(kContent.size()));
      rig.Settle();
      ExpectSettled(rig, again, true);
    }
  }
}

// Its caller is gone, or the database cannot say whether it was reserved: nothing stays reserved.
TEST_P(UploadFaults, GiveBackAReservationWhoseAnswerWasLost) {
  for (const Fault fault : {Fault::kCancel, Fault::kNotHappened}) {
    ProtocolRig rig(GetParam());
    rig.faults.ArmMethod("Reserve", Fault::kUnknownHappened);
    rig.faults.ArmMethod("FindAttempt", fault);
    const Result<Document> answer = rig.Upload("a.txt", kContent);
    SCOPED_TRACE(std::string(NameOf(fault)) + ":" + Describe(rig));
    EXPECT_FALSE(answer.ok());
    EXPECT_EQ(rig.metadata.counters()[UserId("alice")].reserved_bytes, 0);
    EXPECT_TRUE(rig.Upload("a.txt", kContent).ok()) << "its name is free";
  }
}

// The fault that hits the clean-up of another fault is where data gets lost.
TEST_P(UploadFaults, InPairsLeaveAllInOrder) {
  constexpr int kStepsMax = 16;
  for (int late_calls = 0; late_calls <= 3; ++late_calls) {
    for (int first = 1; first <= kStepsMax; ++first) {
      for (int second = first + 1; second <= kStepsMax; ++second) {
        for (const Fault fault : kFaults) {
          for (const Fault next_fault : kFaults) {
            const bool late = fault == Fault::kUnknownLate || next_fault == Fault::kUnknownLate;
            if (late_calls > 0 && !late) continue;
            ProtocolRig rig(GetParam());
            rig.faults.SetLateCalls(late_calls);
            rig.faults.Arm(first, fault);
            rig.faults.Arm(second, next_fault);
            const Result<Document> answer = rig.Upload("a.txt", kContent);
            if (rig.faults.steps() < second) continue;
            SCOPED_TRACE(std::to_string(first) + " " + std::string(NameOf(fault)) + ", " +
                         std::to_string(second) + " " + std::string(NameOf(next_fault)) +
                         ", late by " + std::to_string(late_calls) + ":" + Describe(rig) + " -> " +
                         answer.status().ToString());
            const bool answered = !rig.faults.crashed();
            if (!answered) rig.Restart();
            rig.Settle();
            ExpectSettled(rig, answer, answered);
            if (HasFailure()) return;
          }
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Stores, UploadFaults,
                         testing::Values(VersionNaming::kAttempt, VersionNaming::kOpaque,
                                         VersionNaming::kMultipart),
                         NameOfNaming);

}  // namespace
}  // namespace satchel
