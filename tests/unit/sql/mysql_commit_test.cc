// A COMMIT whose answer is lost: whether it happened is found out, and nothing happens twice.

#include <gtest/gtest.h>

#include "core/upload.h"
#include "support/fake_streams.h"
#include "support/manual_clock.h"
#include "support/memory_object_store.h"
#include "support/recording_observers.h"
#include "support/run_coroutine.h"
#include "unit/sql/mysql_fixture.h"

namespace satchel {
namespace {

using namespace std::string_literals;

/// COM_QUERY with the text COMMIT, as the first packet of an exchange.
const std::string kCommitPacket =
    "\x07\0\0\0\x03"
    "COMMIT"s;

class MysqlCommitTest : public MysqlTest {
 protected:
  static constexpr std::string_view kContent = "twenty bytes of text";

  /// Uploads a.txt of alice's; `lost` happens to the commit of T1 or of T2.
  Result<Document> Upload(TcpGate::Loss in_t1, TcpGate::Loss in_t2) {
    Uploader uploader(*store_, objects_, clock_, ids_, log_,
                      FileTypePolicy({"text/plain"}, {"txt"}),
                      {.file_size_max = 1000, .default_quota = kQuota, .concurrent_max = 8});
    FakeUploadStream stream({.user_id = "alice",
                             .category = "general",
                             .filename = "a.txt",
                             .mime_type = "text/plain",
                             .size = static_cast<std::int64_t>(kContent.size())},
                            kContent, kContent.size());
    stream.BeforeRead(1, [&] { gate_.LoseNext(kCommitPacket, in_t1); });
    // The metadata was read, and T1 is over.
    stream.BeforeRead(2, [&] { gate_.LoseNext(kCommitPacket, in_t2); });
    return RunCoroutine(uploader.Upload(call_, stream));
  }

  void ExpectStoredOnce() {
    const Usage usage = UsageOf("alice");
    EXPECT_EQ(usage.file_count, 1);
    EXPECT_EQ(usage.total_bytes, static_cast<std::int64_t>(kContent.size()));
    EXPECT_EQ(usage.reserved_bytes, 0);
    EXPECT_EQ(objects_.versions().size(), 1U) << "its bytes are there";
    ExpectConsistent();
  }
  void ExpectNothing() {
    const Usage usage = UsageOf("alice");
    EXPECT_EQ(usage.file_count, 0);
    EXPECT_EQ(usage.total_bytes, 0);
    EXPECT_EQ(usage.reserved_bytes, 0);
    EXPECT_TRUE(objects_.versions().empty());
    EXPECT_FALSE(store_->HasDocuments(call_).value());
    ExpectConsistent();
  }
  void ExpectConsistent() { EXPECT_TRUE(store_->FindUsageMismatches(call_).value().empty()); }

  ManualClock clock_;
  MemoryObjectStore objects_{clock_, VersionNaming::kOpaque};
  RecordingEventLog log_;
};

TEST_P(MysqlCommitTest, ItsLostAnswerIsAnUnknownOutcomeThatTheRowTells) {
  const ReserveRequest request = Request("alice", "a.txt");
  ASSERT_TRUE(store_->Reserve(call_, request).ok());
  gate_.LoseNext(kCommitPacket, TcpGate::Loss::kReply);
  const Status unknown = store_->Complete(call_, CompletionOf(request)).status();
  EXPECT_TRUE(unknown.Is(Reason::kOutcomeUnknown)) << unknown.ToString();
  EXPECT_EQ(gate_.lost(), 1);
  const auto found = store_->FindAttempt(call_, request.id, request.attempt).value();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->state, DocumentState::kCompleted);
  EXPECT_EQ(UsageOf("alice").total_bytes, request.size);
  EXPECT_TRUE(store_->Complete(call_, CompletionOf(request)).status().Is(Reason::kUploadAborted));
  EXPECT_EQ(UsageOf("alice").file_count, 1) << "charged once";
}

TEST_P(MysqlCommitTest, OneThatNeverArrivedIsMadeAgain) {
  const ReserveRequest request = Request("alice", "a.txt");
  ASSERT_TRUE(store_->Reserve(call_, request).ok());
  gate_.LoseNext(kCommitPacket, TcpGate::Loss::kRequest);
  const Status unknown = store_->Complete(call_, CompletionOf(request)).status();
  EXPECT_TRUE(unknown.Is(Reason::kOutcomeUnknown)) << unknown.ToString();
  const auto found = store_->FindAttempt(call_, request.id, request.attempt).value();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->state, DocumentState::kPending);
  EXPECT_EQ(UsageOf("alice").total_bytes, 0);
  EXPECT_TRUE(store_->Complete(call_, CompletionOf(request)).ok());
  EXPECT_EQ(UsageOf("alice").file_count, 1);
}

TEST_P(MysqlCommitTest, AnUploadWhoseSecondCommitIsLostIsStoredOnce) {
  for (const auto lost : {TcpGate::Loss::kReply, TcpGate::Loss::kRequest}) {
    const Result<Document> uploaded = Upload(TcpGate::Loss::kNone, lost);
    ASSERT_TRUE(uploaded.ok()) << uploaded.status().ToString();
    EXPECT_EQ(uploaded->state, DocumentState::kCompleted);
    ExpectStoredOnce();
    ASSERT_TRUE(store_->Delete(call_, uploaded->user, uploaded->id, {}, kQuota).value());
    ASSERT_TRUE(objects_.Remove(call_, {uploaded->object_key, uploaded->version}).ok());
  }
  EXPECT_EQ(gate_.lost(), 2);
}

TEST_P(MysqlCommitTest, AnUploadWhoseFirstCommitIsDoneAndLostGoesOn) {
  const Result<Document> uploaded = Upload(TcpGate::Loss::kReply, TcpGate::Loss::kNone);
  ASSERT_TRUE(uploaded.ok()) << uploaded.status().ToString();
  EXPECT_EQ(gate_.lost(), 1);
  ExpectStoredOnce();
}

TEST_P(MysqlCommitTest, AnUploadWhoseFirstCommitNeverArrivedLeavesNothing) {
  const Result<Document> uploaded = Upload(TcpGate::Loss::kRequest, TcpGate::Loss::kNone);
  EXPECT_TRUE(uploaded.status().Is(Reason::kDatabaseUnavailable)) << uploaded.status().ToString();
  EXPECT_EQ(gate_.lost(), 1);
  ExpectNothing();
}

TEST_P(MysqlCommitTest, BothLostCommitsOfOneUploadAreSettled) {
  const Result<Document> uploaded = Upload(TcpGate::Loss::kReply, TcpGate::Loss::kReply);
  ASSERT_TRUE(uploaded.ok()) << uploaded.status().ToString();
  EXPECT_EQ(gate_.lost(), 2);
  ExpectStoredOnce();
}

SATCHEL_ON_EVERY_SERVER(MysqlCommitTest);

}  // namespace
}  // namespace satchel
