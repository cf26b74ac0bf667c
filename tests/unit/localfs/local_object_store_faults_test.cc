/// The local store on disks that are full, broken or slow, and in processes that are killed.
#include <gmock/gmock.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>

#include "unit/localfs/localfs_fixture.h"
#include "unit/localfs/syscall_faults.h"

namespace satchel::testing {
namespace {

// Crosses the writeback step, so that sync_file_range is among the calls.
constexpr std::size_t kLargeBytes = 5 * 1024 * 1024;

class LocalObjectStoreFaultsTest : public LocalStoreTest {
 protected:
  void ExpectNothingLeft() {
    EXPECT_EQ(CountEntries(path() / "tmp"), 0U);
    EXPECT_TRUE(ListAll().empty());
  }
};

TEST_F(LocalObjectStoreFaultsTest, ShortAndInterruptedWritesLoseNothing) {
  std::string content(100000, '\0');
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * 7);
  {
    int calls = 0;
    const ScopedSyscallFaults faults([&](const std::string& call) {
      if (call != "write") return SyscallFault{};
      return ++calls % 3 == 0 ? SyscallFault{.error = EINTR} : SyscallFault{.bytes_max = 1021};
    });
    ASSERT_TRUE(Store(Attempt(1), content).ok());
    EXPECT_GT(calls, 100);
  }
  EXPECT_TRUE(ReadAll(*Open(Attempt(1).value()), 4096) == content);
}

TEST_F(LocalObjectStoreFaultsTest, AnErrorOfAnyStepFailsTheUploadAndLeavesNothing) {
  const std::string content(kLargeBytes, 'x');
  for (const std::string step : {"write", "sync_file_range", "fsync", "renameat2"}) {
    for (const int error : {EIO, ENOSPC, EDQUOT, EROFS}) {
      {
        const ScopedSyscallFaults faults([&](const std::string& call) {
          return SyscallFault{.error = call == step ? error : 0};
        });
        const Status status = Store(Attempt(1), content);
        EXPECT_TRUE(status.Is(Reason::kObjectStoreUnavailable)) << step << " " << error;
        EXPECT_TRUE(status.retry_after().has_value()) << step << " " << error;
      }
      ExpectNothingLeft();
    }
  }
}

TEST(StorageFolderFaultsTest, EveryFolderOnTheWayIsSynced) {
  const TemporaryFolder temporary;
  const auto path = temporary.path() / "some" / "where" / "data";
  int syncs = 0;
  const ScopedSyscallFaults faults([&](const std::string& call) {
    if (call == "fsync") ++syncs;
    return SyscallFault{};
  });
  ASSERT_TRUE(StorageFolder::Make(path).ok());
  // The three folders above what was made, the storage folder, and objects.
  EXPECT_EQ(syncs, 5);
  syncs = 0;
  ASSERT_TRUE(StorageFolder::Make(path).ok());
  EXPECT_EQ(syncs, 3) << "who made it may have died before the folder above was synced";
}

TEST(StorageFolderFaultsTest, AFolderAboveThatCannotBeReadStopsNoStart) {
  const TemporaryFolder temporary;
  const auto path = temporary.path() / "data";
  ASSERT_TRUE(StorageFolder::Make(path).ok());
  int syncs = 0;
  const ScopedSyscallFaults faults([&](const std::string& call) {
    return SyscallFault{.error = call == "fsync" && ++syncs == 1 ? EINVAL : 0};
  });
  EXPECT_TRUE(StorageFolder::Make(path).ok());
}

TEST_F(LocalObjectStoreFaultsTest, AFileWhoseFsyncFailedIsNeverSyncedAgain) {
  int syncs = 0;
  int renames = 0;
  {
    const ScopedSyscallFaults faults([&](const std::string& call) {
      if (call == "renameat2") ++renames;
      return SyscallFault{.error = call == "fsync" && ++syncs == 1 ? EIO : 0};
    });
    EXPECT_TRUE(Store(Attempt(1), "content").Is(Reason::kObjectStoreUnavailable));
  }
  EXPECT_EQ(syncs, 1);
  EXPECT_EQ(renames, 0);
  ExpectNothingLeft();
}

TEST_F(LocalObjectStoreFaultsTest, AFolderThatCannotBeSyncedFailsTheUpload) {
  {
    int syncs = 0;
    const ScopedSyscallFaults faults([&](const std::string& call) {
      return SyscallFault{.error = call == "fsync" && ++syncs == 2 ? EIO : 0};
    });
    EXPECT_TRUE(Store(Attempt(1), "content").Is(Reason::kObjectStoreUnavailable));
  }
  ExpectNothingLeft();
}

TEST_F(LocalObjectStoreFaultsTest, AFileSystemWithoutEarlyWritebackIsFine) {
  for (const int error : {ENOSYS, EINVAL, EOPNOTSUPP}) {
    const ScopedSyscallFaults faults([&](const std::string& call) {
      return SyscallFault{.error = call == "sync_file_range" ? error : 0};
    });
    EXPECT_TRUE(Store(Attempt(static_cast<unsigned>(error)), std::string(kLargeBytes, 'x')).ok());
  }
}

TEST_F(LocalObjectStoreFaultsTest, ProbeSeesEveryFailure) {
  for (const std::string step : {"write", "fsync", "unlinkat"}) {
    const ScopedSyscallFaults faults(
        [&](const std::string& call) { return SyscallFault{.error = call == step ? EROFS : 0}; });
    EXPECT_TRUE(store_->Probe(call_).Is(Reason::kObjectStoreUnavailable)) << step;
  }
}

TEST_F(LocalObjectStoreFaultsTest, RemovalThatFailsSaysSo) {
  ASSERT_TRUE(Store(Attempt(1), "content").ok());
  const ObjectRef object{"key", ObjectVersion(Attempt(1).value())};
  // After the second the file is gone, but a power loss could bring it back.
  for (const std::string step : {"unlinkat", "fsync"}) {
    const ScopedSyscallFaults faults(
        [&](const std::string& call) { return SyscallFault{.error = call == step ? EIO : 0}; });
    EXPECT_TRUE(store_->Remove(call_, object).Is(Reason::kObjectStoreUnavailable));
    EXPECT_TRUE(store_->RemoveAttempt(call_, "key", Attempt(1), UploadId())
                    .Is(Reason::kObjectStoreUnavailable));
  }
  EXPECT_TRUE(store_->Remove(call_, object).ok());
}

TEST_F(LocalObjectStoreFaultsTest, AStoreIdIsWholeOrNotThere) {
  for (const std::string step : {"write", "fsync", "renameat2"}) {
    {
      const ScopedSyscallFaults faults(
          [&](const std::string& call) { return SyscallFault{.error = call == step ? EIO : 0}; });
      EXPECT_FALSE(store_->WriteStoreId(call_, StoreId("id")).ok()) << step;
    }
    EXPECT_EQ(*store_->ReadStoreId(call_), std::nullopt) << step;
    EXPECT_EQ(CountEntries(path() / "tmp"), 0U) << step;
  }
  EXPECT_TRUE(store_->WriteStoreId(call_, StoreId("id")).ok());
}

/// One upload in a process that dies right before its `fatal_call`-th writing system call; whether
/// it got that far.
bool DiesDuringUpload(const std::filesystem::path& path, const AttemptId& attempt,
                      const std::string& content, int fatal_call) {
  return SucceedsInChild([&] {
    auto folder = StorageFolder::Make(path);
    if (!folder.ok()) return false;
    int calls = 0;
    const ScopedSyscallFaults faults([&](const std::string&) {
      if (++calls == fatal_call) ::_exit(0);
      return SyscallFault{};
    });
    const CallContext call("test");
    LocalObjectStore store(**folder);
    auto writer =
        store.Create(call, {"key", attempt, static_cast<std::int64_t>(content.size()), "t"});
    const std::string_view half = std::string_view(content).substr(0, content.size() / 2);
    const bool stored = writer.ok() && (*writer)->Append(call, Bytes(half)).ok() &&
                        (*writer)->Append(call, Bytes(content).subspan(half.size())).ok() &&
                        (*writer)->Commit(call, ContentHash()).ok();
    if (!stored) ::_exit(2);
    return false;
  });
}

TEST_F(LocalObjectStoreFaultsTest, AProcessKilledAnywhereLeavesAWholeObjectOrNone) {
  const std::string content(2 * kLargeBytes, 'x');
  int deaths = 0;
  bool published = false;
  while (true) {
    store_.reset();
    folder_.reset();
    const AttemptId attempt = Attempt(static_cast<unsigned>(deaths));
    const bool died = DiesDuringUpload(path(), attempt, content, deaths + 1);
    SetUp();
    EXPECT_EQ(CountEntries(path() / "tmp"), 0U) << "the next start removes what was staged";
    const auto reader = Open(attempt.value());
    if (!died) {
      ASSERT_NE(reader, nullptr);
      break;
    }
    ++deaths;
    EXPECT_EQ(ListAll().size(), reader == nullptr ? 0U : 1U);
    if (reader != nullptr) {
      published = true;
      EXPECT_TRUE(ReadAll(*reader, 1 << 20) == content);
    }
    EXPECT_TRUE(store_->RemoveAttempt(call_, "key", attempt, UploadId()).ok());
    EXPECT_TRUE(ListAll().empty());
  }
  // 2 × write, 2 × sync_file_range, fsync, renameat2, fsync of the folder.
  EXPECT_EQ(deaths, 7);
  EXPECT_TRUE(published);
}

/// Whether an upload on the full disk at `path` is refused as it should be, and one fits again
/// after the bytes are given back.
bool RefusesOnlyWhileFull(const std::filesystem::path& path) {
  const CallContext call("test");
  auto folder = StorageFolder::Make(path);
  if (!folder.ok()) return false;
  LocalObjectStore store(**folder);
  const std::vector<std::byte> piece(64 * 1024);
  {
    auto writer = store.Create(call, {"key", Attempt(1), 1 << 30, "t"});
    if (!writer.ok()) return false;
    Status status;
    while (status.ok()) status = (*writer)->Append(call, piece);
    if (!status.Is(Reason::kObjectStoreUnavailable) || !status.retry_after() ||
        status.message().find("full") == std::string::npos) {
      return false;
    }
  }
  auto writer = store.Create(call, {"key", Attempt(2), 64 * 1024, "t"});
  return writer.ok() && (*writer)->Append(call, piece).ok() &&
         (*writer)->Commit(call, ContentHash()).ok() && store.Probe(call).ok();
}

TEST_F(LocalObjectStoreFaultsTest, AFullDiskRefusesUntilThereIsRoom) {
  EXPECT_TRUE(SucceedsInChild([&] {
    const std::string place = temporary_.path().string();
    if (::unshare(CLONE_NEWNS | (::geteuid() == 0 ? 0 : CLONE_NEWUSER)) != 0 ||
        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", place.c_str(), "tmpfs", 0, "size=4m") != 0) {
      return false;
    }
    return RefusesOnlyWhileFull(temporary_.path() / "tmpfs");
  }));
}

TEST_F(LocalObjectStoreFaultsTest, AFileSizeLimitCountsAsFull) {
  const TemporaryFolder other;
  EXPECT_TRUE(SucceedsInChild([&] {
    const rlimit limit{1024 * 1024, 1024 * 1024};
    ::signal(SIGXFSZ, SIG_IGN);
    return ::setrlimit(RLIMIT_FSIZE, &limit) == 0 && RefusesOnlyWhileFull(other.path());
  }));
}

}  // namespace
}  // namespace satchel::testing
