// What an upload refuses, and when; what happens to one that loses its lease or its client.

#include "core/upload.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "support/protocol_rig.h"
#include "support/run_coroutine.h"

namespace satchel {
namespace {

using namespace std::chrono_literals;

const std::string kContent = "twenty bytes of text";

class UploadTest : public testing::TestWithParam<VersionNaming> {
 protected:
  static UploadMetadata Metadata() { return ProtocolRig::MetadataOf("a.txt", kContent); }

  /// The reason of a refusal that leaves nothing: no row, no bytes, no reservation.
  Reason Refusal(FakeUploadStream& stream) {
    const Result<Document> answer = rig_.UploadFrom(stream);
    EXPECT_FALSE(answer.ok());
    EXPECT_EQ(rig_.metadata.rows().size(), 1U) << "only the resident's row";
    EXPECT_EQ(rig_.metadata.counters()[UserId("alice")].reserved_bytes, 0);
    EXPECT_TRUE(rig_.IsConsistent());
    return answer.status().reason();
  }
  Reason Refusal(UploadMetadata metadata, const std::string& content = kContent) {
    FakeUploadStream stream(std::move(metadata), content, ProtocolRig::kChunkBytes);
    const Reason reason = Refusal(stream);
    reads_ = stream.reads();
    return reason;
  }

  ProtocolRig rig_{GetParam()};
  int reads_ = 0;  ///< of the last refusal
};

TEST_P(UploadTest, ChunksOfAnySizeMakeTheSameDocument) {
  std::optional<ContentHash> first;
  for (const std::size_t chunk : {1UL, 3UL, 20UL, 1000UL}) {
    const std::string name = std::to_string(chunk) + ".txt";
    FakeUploadStream stream(ProtocolRig::MetadataOf(name, kContent), kContent, chunk);
    const Result<Document> stored = rig_.UploadFrom(stream);
    ASSERT_TRUE(stored.ok()) << stored.status().ToString();
    EXPECT_EQ(rig_.Download(stored->id).value(), kContent);
    EXPECT_EQ(stored->sha256, first ? *first : stored->sha256);
    first = stored->sha256;
  }
  EXPECT_TRUE(rig_.IsConsistent());
}

TEST_P(UploadTest, EmptyChunksAreIgnored) {
  FakeUploadStream stream;
  stream.Send(Metadata());
  stream.SendChunk("");
  stream.SendChunk(kContent);
  stream.SendChunk("");
  EXPECT_TRUE(rig_.UploadFrom(stream).ok());
}

TEST_P(UploadTest, WhatTheMetadataDecidesIsRefusedBeforeAnyChunkIsRead) {
  UploadMetadata metadata = Metadata();
  metadata.user_id = "";
  EXPECT_EQ(Refusal(metadata), Reason::kInvalidField);
  EXPECT_EQ(reads_, 1);
  metadata = Metadata();
  metadata.filename = "a.exe";
  EXPECT_EQ(Refusal(metadata), Reason::kFileTypeNotAllowed);
  EXPECT_EQ(reads_, 1);
  metadata = Metadata();
  metadata.size = ProtocolRig::kQuota + 1;
  EXPECT_EQ(Refusal(metadata), Reason::kFileTooLarge);
  EXPECT_EQ(reads_, 1);
  ASSERT_TRUE(rig_.metadata.SetQuota(CallContext("test"), UserId("alice"), 19).ok());
  EXPECT_EQ(Refusal(Metadata()), Reason::kQuotaExceeded);
  EXPECT_EQ(reads_, 1);
}

TEST_P(UploadTest, ChecksComeInTheirOrder) {
  UploadMetadata metadata = Metadata();
  metadata.filename = "a/b.exe";
  metadata.size = ProtocolRig::kQuota + 1;
  EXPECT_EQ(Refusal(metadata), Reason::kInvalidField) << "fields before type";
  metadata.filename = "a.exe";
  EXPECT_EQ(Refusal(metadata), Reason::kFileTypeNotAllowed) << "type before size";
  for (const std::int64_t size : {0, -1}) {
    metadata.size = size;
    EXPECT_EQ(Refusal(metadata), Reason::kInvalidField) << "a size below 1 is a bad field";
  }
}

TEST_P(UploadTest, AllBadFieldsAreNamedAtOnce) {
  UploadMetadata metadata = Metadata();
  metadata.user_id = "a/b";
  metadata.category = "..";
  metadata.filename = "";
  metadata.mime_type = "";
  metadata.size = 0;
  FakeUploadStream stream(metadata, "", 1);
  const Status refused = rig_.UploadFrom(stream).status();
  std::vector<std::string> fields;
  for (const FieldViolation& violation : refused.field_violations()) {
    fields.push_back(violation.field);
  }
  EXPECT_EQ(fields,
            (std::vector<std::string>{"user_id", "category", "filename", "mime_type", "size"}));
}

TEST_P(UploadTest, TheStreamHasMetadataOnceAndFirst) {
  FakeUploadStream nothing;
  EXPECT_EQ(Refusal(nothing), Reason::kUploadStreamInvalid);
  FakeUploadStream chunk_first;
  chunk_first.SendChunk(kContent);
  EXPECT_EQ(Refusal(chunk_first), Reason::kUploadStreamInvalid);
  FakeUploadStream empty_first;
  empty_first.SendNothing();
  EXPECT_EQ(Refusal(empty_first), Reason::kUploadStreamInvalid);
  FakeUploadStream twice;
  twice.Send(Metadata());
  twice.Send(Metadata());
  EXPECT_EQ(Refusal(twice), Reason::kUploadStreamInvalid);
  FakeUploadStream empty_later;
  empty_later.Send(Metadata());
  empty_later.SendChunk(kContent);
  empty_later.SendNothing();
  EXPECT_EQ(Refusal(empty_later), Reason::kUploadStreamInvalid);
}

TEST_P(UploadTest, TheBytesMustBeAsManyAsDeclared) {
  UploadMetadata metadata = Metadata();
  metadata.size = static_cast<std::int64_t>(kContent.size()) + 1;
  EXPECT_EQ(Refusal(metadata), Reason::kSizeMismatch);
  metadata.size = static_cast<std::int64_t>(kContent.size()) - 1;
  EXPECT_EQ(Refusal(metadata), Reason::kSizeMismatch);
  FakeUploadStream none;
  none.Send(Metadata());
  EXPECT_EQ(Refusal(none), Reason::kSizeMismatch);
}

TEST_P(UploadTest, ASurplusByteIsRefusedAtOnce) {
  FakeUploadStream stream;
  stream.Send(Metadata());
  stream.SendChunk(kContent + "x");
  for (int i = 0; i < 10; ++i) stream.SendChunk(kContent);
  EXPECT_EQ(Refusal(stream), Reason::kSizeMismatch);
  EXPECT_EQ(stream.reads(), 2);
}

TEST_P(UploadTest, ContentThatContradictsItsTypeIsRefusedAtOnce) {
  FakeUploadStream stream;
  stream.Send(Metadata());
  stream.SendChunk(std::string("\0text", 5));
  stream.SendChunk("text of the rest");
  EXPECT_EQ(Refusal(stream), Reason::kContentMismatch);
  EXPECT_EQ(stream.reads(), 2);
  std::string cut = kContent;
  cut.back() = '\xC3';
  EXPECT_EQ(Refusal(Metadata(), cut), Reason::kContentMismatch) << "a character that is cut off";
}

TEST_P(UploadTest, AClientThatStallsOrIsGoneLeavesNothing) {
  for (const Reason reason :
       {Reason::kDeadlineExceeded, Reason::kCancelled, Reason::kUploadStreamInvalid}) {
    for (int chunks = 0; chunks < 3; ++chunks) {
      FakeUploadStream stream;
      stream.Send(Metadata());
      for (int i = 0; i < chunks; ++i) stream.SendChunk(kContent.substr(0, 8));
      stream.EndWith(Status(reason, "the client's end"));
      EXPECT_EQ(Refusal(stream), reason);
    }
  }
}

TEST_P(UploadTest, ACancellationThatShowsOnlyInTheCallStoresNothing) {
  // In a stream an over-long frame looks like its end: only the call knows better.
  FakeUploadStream stream(Metadata(), kContent, 100);
  CallContext* call = nullptr;
  stream.BeforeRead(3, [&] { call->Cancel(); });
  Uploader uploader(
      rig_.metadata, rig_.objects, rig_.clock, rig_.ids, rig_.log,
      FileTypePolicy({"text/plain"}, {"txt"}),
      {.file_size_max = 100, .default_quota = 100, .lease = 900s, .concurrent_max = 1});
  CallContext own_call("upload");
  call = &own_call;
  EXPECT_TRUE(RunCoroutine(uploader.Upload(own_call, stream)).status().Is(Reason::kCancelled));
  EXPECT_TRUE(rig_.IsConsistent());
}

TEST_P(UploadTest, ALongUploadKeepsItsLease) {
  FakeUploadStream stream(Metadata(), kContent, 2);
  int sweeps = 0;
  for (int read = 2; read <= 11; ++read) {
    stream.BeforeRead(read, [&] {
      rig_.clock.Advance(ProtocolRig::kLease / 2);
      EXPECT_EQ(rig_.Sweep().uploads_failed, 0);
      ++sweeps;
    });
  }
  const Result<Document> stored = rig_.UploadFrom(stream);
  ASSERT_TRUE(stored.ok()) << stored.status().ToString();
  EXPECT_EQ(sweeps, 10);
  EXPECT_TRUE(rig_.IsConsistent());
}

TEST_P(UploadTest, AnUploadThatLostItsLeaseIsAbortedAndLeavesNothing) {
  constexpr int kReads = 5;  // metadata, three chunks, the end
  for (int read = 2; read <= kReads; ++read) {
    SCOPED_TRACE("paused before read " + std::to_string(read));
    FakeUploadStream stream(Metadata(), kContent, ProtocolRig::kChunkBytes);
    stream.BeforeRead(read, [&] {
      rig_.clock.Advance(ProtocolRig::kLease + 1s);
      EXPECT_EQ(rig_.Sweep().uploads_failed, 1);
    });
    const Result<Document> answer = rig_.UploadFrom(stream);
    EXPECT_TRUE(answer.status().Is(Reason::kUploadAborted)) << answer.status().ToString();
    EXPECT_TRUE(answer.status().retry_after().has_value());
    rig_.Settle();
    EXPECT_TRUE(rig_.IsConsistent());
    EXPECT_TRUE(rig_.ListAlice().empty());
  }
}

TEST_P(UploadTest, AnUploadWhoseLeaseAClockEndedIsAbortedToo) {
  constexpr int kReads = 5;
  for (int read = 2; read <= kReads; ++read) {
    for (const bool store_complains : {false, true}) {
      SCOPED_TRACE("paused before read " + std::to_string(read));
      FakeUploadStream stream(Metadata(), kContent, ProtocolRig::kChunkBytes);
      stream.BeforeRead(read, [&] {
        // By its own steady clock the upload has no reason to renew.
        rig_.clock.JumpWall(ProtocolRig::kLease + 1s);
        EXPECT_EQ(rig_.Sweep().uploads_failed, 1);
        if (store_complains) rig_.faults.ArmMethod("Append", Fault::kNotHappened);
      });
      const Result<Document> answer = rig_.UploadFrom(stream);
      EXPECT_TRUE(answer.status().Is(Reason::kUploadAborted)) << answer.status().ToString();
      EXPECT_TRUE(answer.status().retry_after().has_value());
      rig_.Settle();
      EXPECT_TRUE(rig_.IsConsistent());
    }
  }
}

TEST_P(UploadTest, ALostLeaseNeverHarmsTheUploadThatHasTheNameNow) {
  FakeUploadStream paused(Metadata(), kContent, ProtocolRig::kChunkBytes);
  Result<Document> rival = Status(Reason::kInternal, "not uploaded yet");
  paused.BeforeRead(5, [&] {
    rig_.clock.Advance(ProtocolRig::kLease + 1s);
    rig_.Sweep();
    rival = rig_.Upload("a.txt", "the rival's bytes");
  });
  EXPECT_TRUE(rig_.UploadFrom(paused).status().Is(Reason::kUploadAborted));
  ASSERT_TRUE(rival.ok()) << rival.status().ToString();
  EXPECT_EQ(rig_.Download(rival->id).value(), "the rival's bytes");
  rig_.Settle();
  EXPECT_TRUE(rig_.IsConsistent());
  EXPECT_EQ(rig_.Download(rival->id).value(), "the rival's bytes");
}

TEST_P(UploadTest, ARenewalThatFailsForAWhileDoesNotEndTheUpload) {
  FakeUploadStream stream(Metadata(), kContent, 2);
  for (int read = 2; read <= 11; ++read) {
    stream.BeforeRead(read, [&] { rig_.clock.Advance(ProtocolRig::kLease / 6); });
  }
  rig_.faults.ArmMethod("RenewLease", Fault::kNotHappened, 1);
  rig_.faults.ArmMethod("RenewLease", Fault::kUnknownHappened, 2);
  EXPECT_TRUE(rig_.UploadFrom(stream).ok());
}

TEST_P(UploadTest, TooManyAtOnceAreRefused) {
  Uploader uploader(
      rig_.metadata, rig_.objects, rig_.clock, rig_.ids, rig_.log,
      FileTypePolicy({"text/plain"}, {"txt"}),
      {.file_size_max = 100, .default_quota = 100, .lease = 900s, .concurrent_max = 1});
  const CallContext call("upload");
  FakeUploadStream first(Metadata(), kContent, 100);
  Status second;
  first.BeforeRead(2, [&] {
    EXPECT_EQ(uploader.in_progress(), 1);
    FakeUploadStream other(ProtocolRig::MetadataOf("b.txt", kContent), kContent, 100);
    second = RunCoroutine(uploader.Upload(call, other)).status();
    EXPECT_EQ(other.reads(), 0);
  });
  EXPECT_TRUE(RunCoroutine(uploader.Upload(call, first)).ok());
  EXPECT_TRUE(second.Is(Reason::kServerBusy)) << second.ToString();
  EXPECT_TRUE(second.retry_after().has_value());
  EXPECT_EQ(uploader.in_progress(), 0);
}

TEST_P(UploadTest, ATakenNameIsRefusedBeforeAnyChunkIsRead) {
  const Result<Document> holder = rig_.Upload("a.txt", kContent);
  ASSERT_TRUE(holder.ok());
  FakeUploadStream stream(Metadata(), kContent, 100);
  const Status refused = rig_.UploadFrom(stream).status();
  EXPECT_TRUE(refused.Is(Reason::kDocumentAlreadyExists));
  EXPECT_EQ(refused.resource(), holder->id.value());
  EXPECT_EQ(stream.reads(), 1);
  EXPECT_TRUE(rig_.IsConsistent());
}

INSTANTIATE_TEST_SUITE_P(Stores, UploadTest,
                         testing::Values(VersionNaming::kAttempt, VersionNaming::kOpaque,
                                         VersionNaming::kMultipart),
                         NameOfNaming);

}  // namespace
}  // namespace satchel
