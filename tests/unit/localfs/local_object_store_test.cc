#include "adapters/localfs/local_object_store.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "unit/localfs/localfs_fixture.h"

namespace satchel::testing {
namespace {

using LocalObjectStoreTest = LocalStoreTest;

TEST_F(LocalObjectStoreTest, RoundTripsObjectsOfManySizes) {
  std::string content(9 * 1024 * 1024 + 1, '\0');
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * 31 >> 3);
  unsigned n = 0;
  for (const std::size_t size : {std::size_t{1}, std::size_t{4096}, std::size_t{1048577},
                                 std::size_t{4194304}, content.size()}) {
    const AttemptId attempt = Attempt(n++);
    const std::string_view expected = std::string_view(content).substr(0, size);
    ASSERT_TRUE(Store(attempt, expected, 65537).ok());
    const auto reader = Open(attempt.value());
    ASSERT_NE(reader, nullptr);
    EXPECT_EQ(reader->size(), static_cast<std::int64_t>(size));
    EXPECT_TRUE(ReadAll(*reader, 262144) == expected) << size;
  }
  EXPECT_EQ(CountEntries(path() / "tmp"), 0U);
}

TEST_F(LocalObjectStoreTest, ReadsFromAnOffset) {
  ASSERT_TRUE(Store(Attempt(1), "0123456789").ok());
  EXPECT_EQ(ReadAll(*Open(Attempt(1).value(), 7), 2), "789");
  EXPECT_EQ(ReadAll(*Open(Attempt(1).value(), 10), 2), "");
  EXPECT_EQ(ReadAll(*Open(Attempt(1).value(), 1000), 2), "");
  EXPECT_EQ(Open(Attempt(1).value(), 7)->size(), 10);
}

TEST_F(LocalObjectStoreTest, LendsItsDescriptorForSendfile) {
  ASSERT_TRUE(Store(Attempt(1), "content").ok());
  const auto reader = Open(Attempt(1).value(), 3);
  std::array<char, 16> bytes = {};
  EXPECT_EQ(::pread(reader->file_descriptor(), bytes.data(), bytes.size(), 0), 7);
}

TEST_F(LocalObjectStoreTest, IsInvisibleUntilCommitAndGoneWithoutIt) {
  {
    auto writer = store_->Create(call_, {"key", Attempt(1), 3, "t"});
    ASSERT_TRUE(writer.ok());
    ASSERT_TRUE((*writer)->Append(call_, Bytes("abc")).ok());
    EXPECT_EQ(Open(Attempt(1).value()), nullptr);
    EXPECT_EQ(CountEntries(path() / "tmp"), 1U);
  }
  EXPECT_EQ(CountEntries(path() / "tmp"), 0U);
  EXPECT_EQ(Open(Attempt(1).value()), nullptr);
  EXPECT_TRUE(ListAll().empty());
}

TEST_F(LocalObjectStoreTest, FilesAreForTheOwnerOnly) {
  ASSERT_TRUE(Store(Attempt(1), "secret").ok());
  struct stat info = {};
  ASSERT_EQ(::stat(ObjectPath(Attempt(1)).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0600U);
}

TEST_F(LocalObjectStoreTest, NeverOverwritesAVersion) {
  ASSERT_TRUE(Store(Attempt(1), "first").ok());
  EXPECT_TRUE(Store(Attempt(1), "second").Is(Reason::kInternal));
  EXPECT_EQ(ReadAll(*Open(Attempt(1).value()), 64), "first");
  EXPECT_EQ(CountEntries(path() / "tmp"), 0U);
}

TEST_F(LocalObjectStoreTest, TakesExactlyTheBytesThatWereReserved) {
  auto writer = store_->Create(call_, {"key", Attempt(1), 3, "t"});
  ASSERT_TRUE((*writer)->Append(call_, Bytes("ab")).ok());
  EXPECT_TRUE((*writer)->Commit(call_, ContentHash()).status().Is(Reason::kInternal));
  EXPECT_TRUE((*writer)->Append(call_, Bytes("cd")).Is(Reason::kInternal));
  writer->reset();
  EXPECT_TRUE(ListAll().empty());
}

TEST_F(LocalObjectStoreTest, CommitsOnce) {
  auto writer = store_->Create(call_, {"key", Attempt(1), 1, "t"});
  ASSERT_TRUE((*writer)->Append(call_, Bytes("a")).ok());
  EXPECT_TRUE((*writer)->Commit(call_, ContentHash()).ok());
  EXPECT_TRUE((*writer)->Commit(call_, ContentHash()).status().Is(Reason::kInternal));
  writer->reset();
  EXPECT_NE(Open(Attempt(1).value()), nullptr);
}

TEST_F(LocalObjectStoreTest, HostileVersionsAreAbsentAndTouchNothing) {
  ASSERT_TRUE(Store(Attempt(1), "mine").ok());
  WriteFile(path() / "secret", "secret");
  const std::string good = Attempt(1).value();
  for (const std::string& id :
       {std::string(), std::string("."), std::string(".."), std::string("../secret"),
        std::string("../../secret"), path().string() + "/secret", good + "/", good + "0",
        good.substr(1), "../" + good, good.substr(0, 2) + "/" + good, std::string(32, '.'),
        std::string(32, '/'), std::string(32, '\0'), good + std::string(1, '\0'),
        std::string("00000000000000000000000000000001").replace(0, 1, "A"),
        std::string(100000, 'a')}) {
    EXPECT_EQ(Open(id), nullptr) << id;
    EXPECT_TRUE(store_->Remove(call_, {"key", ObjectVersion(id)}).ok()) << id;
    EXPECT_TRUE(store_->RemoveAttempt(call_, "key", AttemptId(id), UploadId()).ok()) << id;
    EXPECT_TRUE(
        store_->Create(call_, {"key", AttemptId(id), 1, "t"}).status().Is(Reason::kInternal))
        << id;
  }
  EXPECT_EQ(ReadFile(path() / "secret"), "secret");
  EXPECT_EQ(ReadAll(*Open(good), 64), "mine");
}

TEST_F(LocalObjectStoreTest, WhatIsNoRegularFileIsNoObject) {
  const TemporaryFolder elsewhere;
  WriteFile(elsewhere.path() / "secret", "secret");
  std::filesystem::create_symlink(elsewhere.path() / "secret", ObjectPath(Attempt(1)));
  std::filesystem::create_directory(ObjectPath(Attempt(2)));
  ASSERT_EQ(::mkfifo(ObjectPath(Attempt(3)).c_str(), 0600), 0);
  for (const unsigned n : {1U, 2U, 3U}) EXPECT_EQ(Open(Attempt(n).value()), nullptr) << n;
  EXPECT_TRUE(ListAll().empty());
  EXPECT_TRUE(store_->Remove(call_, {"key", ObjectVersion(Attempt(1).value())}).ok());
  EXPECT_EQ(ReadFile(elsewhere.path() / "secret"), "secret");
}

TEST_F(LocalObjectStoreTest, RemovesOnceAndIsContentTwice) {
  ASSERT_TRUE(Store(Attempt(1), "content").ok());
  const ObjectRef object{"key", ObjectVersion(Attempt(1).value())};
  EXPECT_TRUE(store_->Remove(call_, object).ok());
  EXPECT_EQ(Open(Attempt(1).value()), nullptr);
  EXPECT_TRUE(store_->Remove(call_, object).ok());
}

TEST_F(LocalObjectStoreTest, AnOpenReaderOutlivesRemoval) {
  ASSERT_TRUE(Store(Attempt(1), "content").ok());
  const auto reader = Open(Attempt(1).value());
  ASSERT_TRUE(store_->Remove(call_, {"key", ObjectVersion(Attempt(1).value())}).ok());
  EXPECT_EQ(ReadAll(*reader, 3), "content");
}

TEST_F(LocalObjectStoreTest, RemovesWhateverAnAttemptLeft) {
  ASSERT_TRUE(Store(Attempt(1), "content").ok());
  auto writer = store_->Create(call_, {"key", Attempt(2), 1, "t"});
  ASSERT_TRUE(writer.ok());
  for (const unsigned n : {1U, 2U, 3U}) {
    EXPECT_TRUE(store_->RemoveAttempt(call_, "key", Attempt(n), UploadId()).ok()) << n;
  }
  EXPECT_EQ(Open(Attempt(1).value()), nullptr);
  EXPECT_EQ(CountEntries(path() / "tmp"), 0U);
}

TEST_F(LocalObjectStoreTest, ListsOwnFilesOnlyInAStableOrder) {
  std::vector<std::string> expected;
  for (unsigned n = 0; n < 600; n += 7) {
    ASSERT_TRUE(Store(Attempt(n), "content").ok());
    expected.push_back(Attempt(n).value());
  }
  std::sort(expected.begin(), expected.end());
  // Foreign names, and one of ours in the wrong folder, where no row could ever lead to it.
  WriteFile(path() / "objects" / "00" / "README", "foreign");
  WriteFile(path() / "objects" / "00" / (std::string(32, '0') + ".bak"), "foreign");
  WriteFile(path() / "objects" / "01" / std::string(32, 'f'), "foreign");

  const auto versions = ListAll();
  std::vector<std::string> names;
  for (const StoredVersion& version : versions) {
    names.push_back(version.object.version.value());
    EXPECT_EQ(version.size, 7);
  }
  EXPECT_EQ(names, expected);
  EXPECT_TRUE(store_->ListVersions(call_, "zz").status().Is(Reason::kInternal));
}

TEST_F(LocalObjectStoreTest, ObjectsAreStampedByTheStoresClock) {
  const auto before = store_->Now(call_);
  ASSERT_TRUE(Store(Attempt(1), "content").ok());
  const auto after = store_->Now(call_);
  ASSERT_TRUE(before.ok() && after.ok());
  const auto versions = ListAll();
  ASSERT_EQ(versions.size(), 1U);
  EXPECT_LE(*before, versions[0].modified_at);
  EXPECT_LE(versions[0].modified_at, *after);
}

TEST_F(LocalObjectStoreTest, KeepsItsStoreId) {
  ASSERT_TRUE(store_->ReadStoreId(call_).ok());
  EXPECT_EQ(*store_->ReadStoreId(call_), std::nullopt);
  ASSERT_TRUE(store_->WriteStoreId(call_, StoreId("the-id")).ok());
  EXPECT_EQ(*store_->ReadStoreId(call_), StoreId("the-id"));
  EXPECT_FALSE(store_->WriteStoreId(call_, StoreId("another")).ok());
  EXPECT_EQ(*store_->ReadStoreId(call_), StoreId("the-id"));
  struct stat info = {};
  ASSERT_EQ(::stat((path() / "store-id").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0600U);
}

TEST_F(LocalObjectStoreTest, RefusesADamagedStoreId) {
  for (const std::string& content :
       {std::string(), std::string("\n"), std::string("no line end"), std::string(1000, 'a')}) {
    WriteFile(path() / "store-id", content);
    EXPECT_TRUE(store_->ReadStoreId(call_).status().Is(Reason::kConfigurationInvalid)) << content;
  }
}

TEST_F(LocalObjectStoreTest, ProbesConcurrentlyAndLeavesNothing) {
  std::vector<std::thread> threads;
  std::atomic<int> failed{0};
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 20; ++k) failed += store_->Probe(call_).ok() ? 0 : 1;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(CountEntries(path() / "tmp"), 0U);
}

TEST_F(LocalObjectStoreTest, EveryCallHeedsCancellation) {
  ASSERT_TRUE(Store(Attempt(1), "content").ok());
  auto writer = store_->Create(call_, {"key", Attempt(2), 1, "t"});
  const auto reader = Open(Attempt(1).value());
  call_.Cancel();
  const ObjectRef object{"key", ObjectVersion(Attempt(1).value())};
  std::array<std::byte, 8> buffer = {};
  for (const Status& status :
       {store_->Create(call_, {"key", Attempt(3), 1, "t"}).status(),
        store_->Open(call_, object, 0).status(), store_->Remove(call_, object),
        store_->RemoveAttempt(call_, "key", Attempt(1), UploadId()),
        store_->ListVersions(call_, "").status(), store_->Probe(call_), store_->Now(call_).status(),
        store_->ReadStoreId(call_).status(), store_->WriteStoreId(call_, StoreId("id")),
        (*writer)->Append(call_, Bytes("a")), (*writer)->Commit(call_, ContentHash()).status(),
        reader->Read(call_, buffer).status()}) {
    EXPECT_TRUE(status.Is(Reason::kCancelled)) << status.ToString();
  }
  EXPECT_TRUE(std::filesystem::exists(ObjectPath(Attempt(1))));
}

}  // namespace
}  // namespace satchel::testing
