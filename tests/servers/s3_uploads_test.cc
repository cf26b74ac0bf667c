// What uploads leave in real stores: whole objects or nothing.

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
#include "servers/s3_rig.h"
#include "support/tcp_gate.h"

namespace satchel {
namespace {

constexpr std::int64_t kMiB = 1024 * 1024;

class S3Uploads : public testing::TestWithParam<S3Server::Kind> {
 protected:
  S3Uploads() : server_(S3Server::Shared(GetParam())), options_(server_.Options()) {
    options_.single_put_bytes_max = 6 * kMiB;
    options_.part_bytes = 5 * kMiB;
    rig_ = std::make_unique<S3Rig>(options_);
    const Status ready = rig_->SetUp();
    EXPECT_TRUE(ready.ok()) << ready.ToString();
  }

  /// What a process leaves that dies in mid-upload: it reaches the store no more.
  UploadId LeaveUpload(const ObjectSpec& spec, const std::string& content) {
    TcpGate gate(server_.port());
    S3StoreOptions options = options_;
    options.endpoint.host = "127.0.0.1:" + std::to_string(gate.port());
    S3Rig dying(options);
    const auto writer = dying.store.Create(dying.call, spec);
    EXPECT_TRUE(writer.ok()) << writer.status().ToString();
    const Status appended = (*writer)->Append(dying.call, BytesOf(content).first(5'500'000));
    EXPECT_TRUE(appended.ok()) << appended.ToString();
    gate.SetRefuse(true);
    gate.ResetAll();
    return (*writer)->upload();
  }

  /// What a process leaves that died `age` ago, right behind the request that makes the upload.
  UploadId LeaveUnmarked(const ObjectSpec& spec, std::chrono::minutes age) {
    S3Client& client = rig_->store.client();
    S3Request create = CreateMultipartRequest(client.bucket(), spec);
    // MinIO takes the time from those that may replicate; versitygw's is that of a folder.
    create.headers["x-minio-source-mtime"] = FormatTimestamp(
        std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now() - age));
    const HttpAnswer created = client.Send(rig_->call, create).value();
    const UploadId upload = ParseUploadId(created.body).value();
    if (GetParam() == S3Server::Kind::kVersitygw) {
      namespace fs = std::filesystem;
      for (const auto& entry : fs::recursive_directory_iterator(server_.folder().path() / "data")) {
        if (entry.path().filename() != upload.value()) continue;
        fs::last_write_time(entry.path(), fs::file_time_type::clock::now() - age);
      }
    }
    return upload;
  }

  S3Server& server_;
  S3StoreOptions options_;
  std::unique_ptr<S3Rig> rig_;
};

TEST_P(S3Uploads, ALargeObjectGoesInParts) {
  const std::string content = Pattern(12 * kMiB + 345);
  const Result<ObjectRef> object = rig_->Put(content);
  ASSERT_TRUE(object.ok()) << object.status().ToString();
  EXPECT_TRUE(rig_->Get(*object).value() == content);
  EXPECT_TRUE(rig_->Get(*object, 10 * kMiB).value() == content.substr(10 * kMiB));
  EXPECT_EQ(rig_->CountVersions(), 1U);
  EXPECT_EQ(rig_->CountUploads(), 0U);
}

TEST_P(S3Uploads, OnlyALargeObjectHasAnUploadToRecord) {
  const std::string large = Pattern(6 * kMiB + 1);
  const auto in_parts = rig_->store.Create(rig_->call, rig_->SpecOf(large));
  ASSERT_TRUE(in_parts.ok()) << in_parts.status().ToString();
  EXPECT_FALSE((*in_parts)->upload().empty());
  const auto whole = rig_->store.Create(rig_->call, rig_->SpecOf("small"));
  EXPECT_TRUE((*whole)->upload().empty());
}

TEST_P(S3Uploads, GivenUpInTheMiddleTheyLeaveOnlyWhatTheirAttemptIsRemovedBy) {
  for (const std::int64_t size : {std::int64_t{1000}, kMiB, 6 * kMiB, 12 * kMiB}) {
    const std::string content = Pattern(static_cast<std::size_t>(size));
    for (const std::int64_t appended : {std::int64_t{0}, size / 2, size}) {
      const ObjectSpec spec = rig_->SpecOf(content);
      auto writer = rig_->store.Create(rig_->call, spec);
      ASSERT_TRUE(writer.ok()) << writer.status().ToString();
      const auto bytes = BytesOf(content).first(static_cast<std::size_t>(appended));
      ASSERT_TRUE((*writer)->Append(rig_->call, bytes).ok());
      const UploadId upload = (*writer)->upload();
      writer->reset();
      const Status removed = rig_->store.RemoveAttempt(rig_->call, spec.key, spec.attempt, upload);
      EXPECT_TRUE(removed.ok()) << removed.ToString();
      EXPECT_EQ(rig_->CountVersions(), 0U) << appended << " of " << size;
      EXPECT_EQ(rig_->CountUploads(), 0U) << appended << " of " << size;
    }
  }
}

TEST_P(S3Uploads, BytesThatAreNotThoseOfTheHashAreRefusedByTheStore) {
  for (const std::size_t size : {std::size_t{1000}, std::size_t{kMiB}}) {
    const std::string content = Pattern(size);
    auto writer = rig_->store.Create(rig_->call, rig_->SpecOf(content));
    ASSERT_TRUE((*writer)->Append(rig_->call, BytesOf(content)).ok());
    const auto committed = (*writer)->Commit(rig_->call, HashOf("something else"));
    EXPECT_FALSE(committed.ok()) << size;
    EXPECT_EQ(rig_->CountVersions(), 0U) << size;
  }
}

TEST_P(S3Uploads, ADeadOneIsAbortedByItsRecordedId) {
  const std::string content = Pattern(12 * kMiB);
  const ObjectSpec spec = rig_->SpecOf(content, S3Rig::kKey);
  const UploadId upload = LeaveUpload(spec, content);
  ASSERT_EQ(rig_->CountUploads(), 1U);
  const Status removed = rig_->store.RemoveAttempt(rig_->call, spec.key, spec.attempt, upload);
  EXPECT_TRUE(removed.ok()) << removed.ToString();
  EXPECT_EQ(rig_->CountUploads(), 0U);
  EXPECT_TRUE(rig_->store.RemoveAttempt(rig_->call, spec.key, spec.attempt, upload).ok())
      << "gone is fine";
}

TEST_P(S3Uploads, ADeadOneThatWasNeverRecordedIsFoundByItsAttempt) {
  const std::string content = Pattern(12 * kMiB);
  const ObjectSpec dead = rig_->SpecOf(content, S3Rig::kKey);
  LeaveUpload(dead, content);
  // The name is in use again, and its upload is under way.
  const ObjectSpec newer = rig_->SpecOf(content, S3Rig::kKey);
  auto writer = rig_->store.Create(rig_->call, newer);
  ASSERT_TRUE((*writer)->Append(rig_->call, BytesOf(content).first(6'000'000)).ok());
  ASSERT_EQ(rig_->CountUploads(), 2U);
  const Status removed = rig_->store.RemoveAttempt(rig_->call, dead.key, dead.attempt, UploadId());
  EXPECT_TRUE(removed.ok()) << removed.ToString();
  EXPECT_EQ(rig_->CountUploads(), 1U);
  ASSERT_TRUE((*writer)->Append(rig_->call, BytesOf(content).subspan(6'000'000)).ok());
  const auto version = (*writer)->Commit(rig_->call, HashOf(content));
  ASSERT_TRUE(version.ok()) << version.status().ToString();
  EXPECT_TRUE(rig_->Get({newer.key, *version}).value() == content);
}

TEST_P(S3Uploads, TheVersionOfADeadOneIsFoundByItsAttemptAlone) {
  const ObjectSpec dead = rig_->SpecOf("orphan");
  ASSERT_TRUE(rig_->Put(dead, "orphan").ok());
  const ObjectRef newer = rig_->Put("newer").value();
  const ObjectRef longer = rig_->Put(rig_->SpecOf("longer", dead.key + ".bak"), "longer").value();
  const Status removed = rig_->store.RemoveAttempt(rig_->call, dead.key, dead.attempt, UploadId());
  EXPECT_TRUE(removed.ok()) << removed.ToString();
  EXPECT_EQ(rig_->CountVersions(), 2U);
  EXPECT_EQ(rig_->Get(newer).value(), "newer");
  EXPECT_EQ(rig_->Get(longer).value(), "longer");
}

// Its maker's answer was lost, or its maker died before the marker: whose it is cannot be told.
TEST_P(S3Uploads, AnUploadThatMayBeTheAttemptsIsNotForgotten) {
  const ObjectSpec spec = rig_->SpecOf("content");
  S3Client& client = rig_->store.client();
  const HttpAnswer created =
      client.Send(rig_->call, CreateMultipartRequest(client.bucket(), spec)).value();
  const UploadId upload = ParseUploadId(created.body).value();
  const Status removed = rig_->store.RemoveAttempt(rig_->call, spec.key, spec.attempt, UploadId());
  EXPECT_TRUE(removed.Is(Reason::kObjectStoreUnavailable)) << removed.ToString();
  EXPECT_GE(removed.retry_after(), std::chrono::seconds(30)) << "the store is not away";
  EXPECT_EQ(rig_->CountUploads(), 1U) << "it may be another's";
  const HttpAnswer marked =
      client.Send(rig_->call, UploadMarkerRequest(client.bucket(), spec.key, upload, spec.attempt))
          .value();
  ASSERT_TRUE(marked.ok()) << marked.body;
  EXPECT_TRUE(rig_->store.RemoveAttempt(rig_->call, spec.key, spec.attempt, UploadId()).ok());
  EXPECT_EQ(rig_->CountUploads(), 0U);
}

TEST_P(S3Uploads, OneThatNeverToldWhoseItIsIsAbortedOnceItIsAnHourOld) {
  const ObjectSpec spec = rig_->SpecOf("content");
  LeaveUnmarked(spec, std::chrono::minutes(61));
  const UploadId young = LeaveUnmarked(spec, std::chrono::minutes(59));
  ASSERT_EQ(rig_->CountUploads(), 2U);
  const Status early = rig_->store.RemoveAttempt(rig_->call, spec.key, spec.attempt, UploadId());
  EXPECT_TRUE(early.Is(Reason::kObjectStoreUnavailable)) << early.ToString();
  EXPECT_EQ(rig_->Uploads(), std::vector{young});
  ASSERT_TRUE(rig_->store.RemoveAttempt(rig_->call, spec.key, spec.attempt, young).ok());
  LeaveUnmarked(spec, std::chrono::minutes(61));
  const Status late = rig_->store.RemoveAttempt(rig_->call, spec.key, spec.attempt, UploadId());
  EXPECT_TRUE(late.ok()) << late.ToString();
  EXPECT_EQ(rig_->CountUploads(), 0U);
}

TEST_P(S3Uploads, AnothersIsLeftAloneHoweverOldItIs) {
  const ObjectSpec others = rig_->SpecOf("content");
  const UploadId upload = LeaveUnmarked(others, std::chrono::hours(24));
  S3Client& client = rig_->store.client();
  ASSERT_TRUE(client
                  .Send(rig_->call,
                        UploadMarkerRequest(client.bucket(), others.key, upload, others.attempt))
                  .value()
                  .ok());
  const ObjectSpec spec = rig_->SpecOf("content");
  const Status removed = rig_->store.RemoveAttempt(rig_->call, spec.key, spec.attempt, UploadId());
  EXPECT_TRUE(removed.ok()) << removed.ToString();
  EXPECT_EQ(rig_->Uploads(), std::vector{upload});
}

TEST_P(S3Uploads, ARemovalWithoutAVersionIsRefused) {
  const ObjectRef object = rig_->Put("content").value();
  EXPECT_TRUE(rig_->store.Remove(rig_->call, {object.key, {}}).Is(Reason::kInternal));
  EXPECT_EQ(rig_->Get(object).value(), "content");
  EXPECT_EQ(rig_->Get({object.key, {}}).value(), "content") << "the newest of its key";
}

class S3UploadsOnMinio : public testing::Test {
 protected:
  S3UploadsOnMinio() { EXPECT_TRUE(rig_.SetUp().ok()); }

  S3Rig rig_{S3Server::Shared(S3Server::Kind::kMinio).Options()};
};

// Rows of earlier releases have such keys.
TEST_F(S3UploadsOnMinio, AnAttemptAtAKeyThatTheStoreRefusesLeftNothing) {
  for (const std::string user : {". ", " ..", ".", ".."}) {
    const ObjectSpec spec =
        rig_.SpecOf("content", "documents/" + user + "/general/2026-03-01/a.txt");
    const Status put = rig_.Put(spec, "content").status();
    EXPECT_TRUE(put.Is(Reason::kObjectStoreUnavailable)) << put.ToString();
    EXPECT_GE(put.retry_after(), std::chrono::seconds(30)) << "the store is not away";
    const Status removed = rig_.store.RemoveAttempt(rig_.call, spec.key, spec.attempt, UploadId());
    EXPECT_TRUE(removed.ok()) << user << ": " << removed.ToString();
  }
}

// XML cannot hold this key; earlier releases stored under such.
TEST_F(S3UploadsOnMinio, WhatAnAttemptLeftIsFoundWhateverItsKeyHolds) {
  const ObjectSpec spec =
      rig_.SpecOf("orphan", "documents/al+ice/%2B general/2026-03-01/a\uFFFF\uFFFE+ b.txt");
  ASSERT_TRUE(rig_.Put(spec, "orphan").ok());
  EXPECT_EQ(rig_.store.ListVersions(rig_.call, "").value().versions.at(0).object.key, spec.key);
  S3Client& client = rig_.store.client();
  const auto send = [&](const S3Request& request) {
    return client.Send(rig_.call, request).value();
  };
  const UploadId upload =
      ParseUploadId(send(CreateMultipartRequest(client.bucket(), spec)).body).value();
  ASSERT_TRUE(send(UploadMarkerRequest(client.bucket(), spec.key, upload, spec.attempt)).ok());
  const Status removed = rig_.store.RemoveAttempt(rig_.call, spec.key, spec.attempt, UploadId());
  EXPECT_TRUE(removed.ok()) << removed.ToString();
  EXPECT_EQ(rig_.CountVersions(), 0U);
  const HttpAnswer parts = send(ListPartsRequest(client.bucket(), spec.key, upload, 0));
  EXPECT_EQ(parts.status, 404) << parts.body;
}

INSTANTIATE_TEST_SUITE_P(Servers, S3Uploads,
                         testing::Values(S3Server::Kind::kMinio, S3Server::Kind::kVersitygw),
                         [](const auto& kind) {
                           return kind.param == S3Server::Kind::kMinio ? "Minio" : "Versitygw";
                         });

}  // namespace
}  // namespace satchel
