// Downloads whose connection to the store breaks: they go on, or say that they did not.

#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "servers/s3_faults.h"

namespace satchel {
namespace {

using namespace std::chrono_literals;

/// Reads to the end or to an error: the bytes so far, and what came last.
std::pair<std::string, Status> ReadOn(
    S3Rig& rig, ObjectReader& reader, std::size_t block_bytes,
    const std::function<void()>& after_each = [] {}) {
  std::string bytes;
  std::vector<std::byte> block(block_bytes);
  while (true) {
    const Result<std::size_t> read = reader.Read(rig.call, block);
    if (!read.ok()) return {bytes, read.status()};
    if (*read == 0) return {bytes, Status()};
    bytes.append(reinterpret_cast<const char*>(block.data()), *read);
    after_each();
  }
}

class S3BrokenDownloads : public S3Faults {
 protected:
  static constexpr std::size_t kBlock = 100'000;

  S3BrokenDownloads() : object_(direct_->Put(large_).value()) {}

  std::unique_ptr<ObjectReader> Open(const ObjectRef& object, std::int64_t offset = 0) {
    Result<std::unique_ptr<ObjectReader>> reader = rig_->store.Open(rig_->call, object, offset);
    EXPECT_TRUE(reader.ok()) << reader.status().ToString();
    return *std::move(reader);
  }

  const std::string large_ = Pattern(20'000'000);
  const ObjectRef object_;
};

TEST_F(S3BrokenDownloads, GoOnBehindWhatHasArrived) {
  const std::int64_t offset = 1'000;
  const auto reader = Open(object_, offset);
  int blocks = 0;
  const auto [bytes, status] = ReadOn(*rig_, *reader, kBlock, [&] {
    if (++blocks % 50 == 1) gate_.ResetAll();
  });
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_TRUE(bytes == large_.substr(offset)) << bytes.size();
  EXPECT_EQ(reader->size(), static_cast<std::int64_t>(large_.size()));
  // What the sockets hold survives a reset, so that not each breaks the download.
  EXPECT_GE(gate_.connections(), 2);
}

TEST_F(S3BrokenDownloads, GoOnForAsLongAsEachConnectionBringsSomething) {
  gate_.SetEndAfter(1'500'000);
  const auto reader = Open(object_);
  // Within one call.
  const auto [bytes, status] = ReadOn(*rig_, *reader, large_.size());
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_TRUE(bytes == large_) << bytes.size();
  EXPECT_GE(gate_.connections(), 14);
  EXPECT_EQ(rig_->pauses.waited, std::vector(rig_->pauses.waited.size(), 75ms));
}

// Where the headers have just arrived, with a little of the body.
TEST_F(S3BrokenDownloads, GoOnFromTheirFirstBytesToo) {
  const std::string small = large_.substr(0, 20'000);
  const ObjectRef object = direct_->Put(small).value();
  gate_.SetEndAfter(2'000);
  const auto reader = Open(object);
  const auto [bytes, status] = ReadOn(*rig_, *reader, kBlock);
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_TRUE(bytes == small) << bytes.size();
  EXPECT_GE(gate_.connections(), 10);
}

TEST_F(S3BrokenDownloads, AreGivenUpWhenConnectionsBringNothing) {
  const auto reader = Open(object_);
  gate_.SetEndAfter(0);
  const auto [bytes, status] = ReadOn(*rig_, *reader, kBlock, [&] { gate_.ResetAll(); });
  ExpectUnavailable(status);
  EXPECT_TRUE(large_.starts_with(bytes));
  EXPECT_LT(bytes.size(), large_.size());
  EXPECT_EQ(rig_->pauses.waited, (std::vector{75ms, 300ms, 1200ms}));
}

TEST_F(S3BrokenDownloads, AreNoEnd) {
  const auto reader = Open(object_);
  gate_.SetRefuse(true);
  const auto [bytes, status] = ReadOn(*rig_, *reader, kBlock, [&] { gate_.ResetAll(); });
  ExpectUnavailable(status);
  EXPECT_TRUE(large_.starts_with(bytes));
  EXPECT_LT(bytes.size(), large_.size());
  gate_.SetRefuse(false);
  std::vector<std::byte> block(kBlock);
  const Result<std::size_t> read = reader->Read(rig_->call, block);
  ASSERT_TRUE(read.ok()) << "whoever asks again goes on: " << read.status().ToString();
  EXPECT_GE(*read, kBlock / 2);
  EXPECT_EQ(std::memcmp(block.data(), large_.data() + bytes.size(), *read), 0);
}

// Before the reset MinIO lets nobody write or remove a version of the key that is being read.
TEST_F(S3BrokenDownloads, OfTheNewestVersionStayWithIt) {
  const auto reader = Open({object_.key, {}});
  int blocks = 0;
  const auto [bytes, status] = ReadOn(*rig_, *reader, kBlock, [&] {
    if (++blocks > 1) return;
    gate_.ResetAll();
    EXPECT_TRUE(direct_->Put(Pattern(20'000'000).replace(19'000'000, 1, "?")).ok());
  });
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_TRUE(bytes == large_);
  EXPECT_EQ(direct_->CountVersions(), 2U);
  EXPECT_EQ(gate_.connections(), 2);
}

TEST_F(S3BrokenDownloads, EndEarlyWhenTheVersionIsGone) {
  const auto reader = Open(object_);
  int blocks = 0;
  const auto [bytes, status] = ReadOn(*rig_, *reader, kBlock, [&] {
    if (++blocks > 1) return;
    gate_.ResetAll();
    EXPECT_TRUE(direct_->store.Remove(direct_->call, object_).ok());
  });
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_TRUE(large_.starts_with(bytes));
  EXPECT_LT(bytes.size(), large_.size()) << "which whoever knows the length notices";
}

TEST_F(S3BrokenDownloads, OfACallThatHasEndedAreNotTakenUp) {
  const auto reader = Open(object_);
  CallContext call("gone");
  rig_->pauses.on_wait = [&] { call.Cancel(); };
  gate_.SetRefuse(true);
  gate_.ResetAll();
  std::vector<std::byte> all(large_.size());
  const Status status = reader->Read(call, all).status();
  EXPECT_TRUE(status.Is(Reason::kCancelled)) << status.ToString();
  EXPECT_EQ(rig_->pauses.waited.size(), 1U);
}

}  // namespace
}  // namespace satchel
