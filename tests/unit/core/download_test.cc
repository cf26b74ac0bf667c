// OK means that all bytes were there, right, and sent from the offset on; everything else does not.

#include "core/download.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "base/limits.h"
#include "base/sha256.h"
#include "support/protocol_rig.h"
#include "support/run_coroutine.h"

namespace satchel {
namespace {

/// A document of several blocks, none like another.
std::string LongContent() {
  std::string content;
  for (int line = 0; content.size() < 2 * kTransferChunkBytes + 1000; ++line) {
    content += "line " + std::to_string(line) + "\n";
  }
  return content;
}

class DownloadTest : public testing::Test {
 protected:
  DownloadTest() {
    document_.id = DocumentId("00000000-0000-4000-8000-000000000001");
    document_.state = DocumentState::kCompleted;
    document_.user = UserId("alice");
    document_.object_key = "documents/alice/general/2026-03-01/a.txt";
    document_.version = ObjectVersion("v");
    document_.size = static_cast<std::int64_t>(content_.size());
    document_.sha256 = HashOf(content_);
    objects_.Plant(ObjectOf(document_), content_);
  }

  static ContentHash HashOf(const std::string& bytes) {
    Sha256 hash;
    hash.Update(std::as_bytes(std::span(bytes)));
    return hash.Finish();
  }
  Status Send(std::int64_t offset, FakeDownloadSink& sink) {
    return RunCoroutine(SendDocument(call_, faulty_objects_, document_, offset, sink));
  }
  void ExpectDataLoss(std::int64_t offset) {
    FakeDownloadSink sink;
    const Status status = Send(offset, sink);
    EXPECT_TRUE(status.Is(Reason::kChecksumMismatch)) << status.ToString();
    EXPECT_EQ(status.resource(), document_.id.value());
  }

  const std::string content_ = LongContent();
  CallContext call_{"download"};
  ManualClock clock_;
  MemoryObjectStore objects_{clock_, VersionNaming::kOpaque};
  FaultInjector faults_;
  FaultyObjectStore faulty_objects_{objects_, faults_};
  Document document_;
};

TEST_F(DownloadTest, SendsInfoFirstThenAllBytesInBoundedBlocks) {
  FakeDownloadSink sink;
  ASSERT_TRUE(Send(0, sink).ok());
  ASSERT_TRUE(sink.info().has_value());
  EXPECT_EQ(sink.info()->id, document_.id);
  EXPECT_TRUE(sink.bytes() == content_);
  EXPECT_EQ(sink.chunks(), 3);
}

TEST_F(DownloadTest, ResumesAtAnyOffset) {
  const auto block = static_cast<std::int64_t>(kTransferChunkBytes);
  for (const std::int64_t offset : {std::int64_t{1}, block - 1, block, block + 1, 2 * block,
                                    document_.size - 1, document_.size}) {
    FakeDownloadSink sink;
    ASSERT_TRUE(Send(offset, sink).ok()) << offset;
    EXPECT_TRUE(sink.info().has_value());
    EXPECT_TRUE(sink.bytes() == content_.substr(static_cast<std::size_t>(offset))) << offset;
  }
}

TEST_F(DownloadTest, AChangedByteIsDataLossWhereverItIs) {
  for (const std::size_t position : {std::size_t{0}, kTransferChunkBytes, content_.size() - 1}) {
    std::string changed = content_;
    changed[position] ^= 1;
    objects_.Overwrite(ObjectOf(document_), changed);
    ExpectDataLoss(0);
    ExpectDataLoss(document_.size - 10);
  }
}

TEST_F(DownloadTest, AnotherLengthIsDataLossBeforeAnyByte) {
  for (const std::string& other : {content_.substr(1), content_ + "x", std::string()}) {
    objects_.Overwrite(ObjectOf(document_), other);
    FakeDownloadSink sink;
    EXPECT_TRUE(Send(0, sink).Is(Reason::kChecksumMismatch));
    EXPECT_FALSE(sink.info().has_value());
    EXPECT_EQ(sink.chunks(), 0);
  }
}

TEST_F(DownloadTest, AMissingObjectIsDataLoss) {
  objects_.EraseVersion(ObjectOf(document_));
  ExpectDataLoss(0);
  ExpectDataLoss(document_.size);
}

TEST_F(DownloadTest, WithoutAStoredHashTheLengthIsChecked) {
  document_.sha256 = ContentHash();
  std::string changed = content_;
  changed[0] ^= 1;
  objects_.Overwrite(ObjectOf(document_), changed);
  FakeDownloadSink sink;
  EXPECT_TRUE(Send(0, sink).ok());
  objects_.Overwrite(ObjectOf(document_), content_.substr(1));
  ExpectDataLoss(0);
}

TEST_F(DownloadTest, AStoreThatIsAwayIsNoDataLoss) {
  faults_.ArmMethod("Open", Fault::kNotHappened);
  FakeDownloadSink sink;
  EXPECT_TRUE(Send(0, sink).Is(Reason::kObjectStoreUnavailable));
}

TEST_F(DownloadTest, AClientThatFailsEndsIt) {
  for (int chunk = 1; chunk <= 3; ++chunk) {
    FakeDownloadSink sink;
    sink.FailChunk(chunk, Status(Reason::kDeadlineExceeded, "stalled"));
    EXPECT_TRUE(Send(0, sink).Is(Reason::kDeadlineExceeded));
    EXPECT_EQ(sink.chunks(), chunk);
  }
  call_.Cancel();
  FakeDownloadSink sink;
  EXPECT_TRUE(Send(0, sink).Is(Reason::kCancelled));
}

TEST(DownloadOfAService, DamageIsReportedUnlessTheDocumentWasDeletedMeanwhile) {
  ProtocolRig rig(VersionNaming::kOpaque);
  const Document document = rig.Upload("a.txt", "some text").value();
  rig.objects.EraseVersion(ObjectOf(document));
  EXPECT_TRUE(rig.Download(document.id).status().Is(Reason::kChecksumMismatch));
  // The delete comes between the look at the row and the look at the bytes.
  CallContext call("download");
  FakeDownloadSink sink;
  rig.faults.OnCancel([&] { EXPECT_TRUE(rig.Delete(document.id).ok()); });
  rig.faults.ArmMethod("Open", Fault::kCancel);
  EXPECT_TRUE(rig.DownloadTo(call, document.id, sink).Is(Reason::kDocumentNotFound));
}

}  // namespace
}  // namespace satchel
