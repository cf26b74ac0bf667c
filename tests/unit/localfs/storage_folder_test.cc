#include "adapters/localfs/storage_folder.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "unit/localfs/localfs_fixture.h"

namespace satchel::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr uid_t kNobody = 65534;

Status Opened(const std::filesystem::path& path) {
  auto folder = StorageFolder::Make(path);
  return folder.status();
}

unsigned ModeOf(const std::filesystem::path& path) {
  struct stat info = {};
  EXPECT_EQ(::stat(path.c_str(), &info), 0);
  return info.st_mode & 07777U;
}

TEST(StorageFolderTest, MakesTheLayoutWithParentsForTheOwnerOnly) {
  const TemporaryFolder temporary;
  const auto path = temporary.path() / "some" / "where" / "data";
  ASSERT_TRUE(Opened(path).ok());
  EXPECT_EQ(ModeOf(path), 0700U);
  EXPECT_EQ(ModeOf(path / "tmp"), 0700U);
  EXPECT_EQ(ModeOf(path / "objects" / "ff"), 0700U);
  EXPECT_EQ(ModeOf(path / "lock"), 0600U);
  EXPECT_EQ(CountEntries(path / "objects"), StorageFolder::kShards);
  EXPECT_TRUE(Opened(path).ok()) << "a second time";
}

TEST(StorageFolderTest, OpensOnlyWhatIsThere) {
  const TemporaryFolder temporary;
  const auto path = temporary.path() / "data";
  for (const bool made : {false, true}) {
    if (made) std::filesystem::create_directory(path);
    const Status status = StorageFolder::OpenExisting(path).status();
    EXPECT_TRUE(status.Is(Reason::kConfigurationInvalid)) << status.ToString();
    EXPECT_THAT(status.message(), HasSubstr(path.string()));
    EXPECT_EQ(std::filesystem::exists(path), made);
  }
  EXPECT_TRUE(std::filesystem::is_empty(path)) << "a folder that is none of ours is left alone";
  ASSERT_TRUE(Opened(path).ok());
  EXPECT_TRUE(StorageFolder::OpenExisting(path).ok());
}

TEST(StorageFolderTest, RefusesASecondProcessAndNamesTheFirst) {
  const TemporaryFolder temporary;
  const auto first = StorageFolder::Make(temporary.path());
  ASSERT_TRUE(first.ok());
  EXPECT_TRUE(SucceedsInChild([&] {
    const Status second = Opened(temporary.path());
    return second.Is(Reason::kConfigurationInvalid) &&
           second.message().find("in use by process " + std::to_string(::getppid()) + ";") !=
               std::string::npos &&
           second.message().find(temporary.path().string()) != std::string::npos;
  }));
}

TEST(StorageFolderTest, TheLockGoesWithItsProcess) {
  const TemporaryFolder temporary;
  EXPECT_TRUE(SucceedsInChild([&] {
    // The child dies with the folder open, as kill -9 would have it.
    static auto leaked = StorageFolder::Make(temporary.path());
    return leaked.ok();
  }));
  EXPECT_TRUE(Opened(temporary.path()).ok());
}

TEST(StorageFolderTest, EmptiesTmp) {
  const TemporaryFolder temporary;
  ASSERT_TRUE(Opened(temporary.path()).ok());
  WriteFile(temporary.path() / "tmp" / "0123456789abcdef0123456789abcdef", "half an upload");
  WriteFile(temporary.path() / "tmp" / "probe-7", "");
  ASSERT_TRUE(Opened(temporary.path()).ok());
  EXPECT_EQ(CountEntries(temporary.path() / "tmp"), 0U);
}

TEST(StorageFolderTest, RefusesAFileInItsPlace) {
  const TemporaryFolder temporary;
  const auto path = temporary.path() / "data";
  WriteFile(path, "a file");
  const Status status = Opened(path);
  EXPECT_TRUE(status.Is(Reason::kConfigurationInvalid));
  EXPECT_THAT(status.message(), AllOf(HasSubstr(path.string()), HasSubstr("ENOTDIR")));
  const Status below = Opened(path / "deeper");
  EXPECT_TRUE(below.Is(Reason::kConfigurationInvalid));
  EXPECT_THAT(below.message(), HasSubstr(path.string()));
}

TEST(StorageFolderTest, RefusesSymbolicLinksInside) {
  for (const char* name : {"tmp", "objects", "lock", "objects/7f"}) {
    const TemporaryFolder temporary;
    const TemporaryFolder elsewhere;
    const auto path = temporary.path() / "data";
    ASSERT_TRUE(Opened(path).ok());
    std::filesystem::remove_all(path / name);
    std::filesystem::create_symlink(elsewhere.path(), path / name);
    const Status status = Opened(path);
    EXPECT_TRUE(status.Is(Reason::kConfigurationInvalid)) << name;
    EXPECT_THAT(status.message(), HasSubstr((path / name).string()));
    EXPECT_EQ(CountEntries(elsewhere.path()), 0U) << name;
  }
}

TEST(StorageFolderTest, MayItselfBeASymbolicLink) {
  const TemporaryFolder temporary;
  const TemporaryFolder elsewhere;
  std::filesystem::create_symlink(elsewhere.path(), temporary.path() / "data");
  EXPECT_TRUE(Opened(temporary.path() / "data").ok());
}

/// What Make() says to a user that permissions hold for; the tests may run as root.
std::string MessageWithoutPrivileges(const std::filesystem::path& path) {
  const TemporaryFolder answers;
  const auto answer = answers.path() / "message";
  ::chmod(answers.path().c_str(), 0777);
  EXPECT_TRUE(SucceedsInChild([&] {
    if (::geteuid() == 0 && ::setresgid(kNobody, kNobody, kNobody) != 0) return false;
    if (::geteuid() == 0 && ::setresuid(kNobody, kNobody, kNobody) != 0) return false;
    const Status status = Opened(path);
    WriteFile(answer, status.ToString());
    return true;
  }));
  return ReadFile(answer);
}

TEST(StorageFolderTest, NamesThePathThatPermissionsProtect) {
  const TemporaryFolder temporary;
  const auto path = temporary.path() / "data";
  ASSERT_TRUE(Opened(path).ok());
  ::chmod(temporary.path().c_str(), 0755);
  ::chmod(path.c_str(), 0777);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
    ::chmod(entry.path().c_str(), 0777);
  }
  EXPECT_EQ(MessageWithoutPrivileges(path), "OK") << "all is writable";
  for (const char* name : {"", "tmp", "objects", "objects/00", "lock"}) {
    const auto protected_path = *name == '\0' ? path : path / name;
    ::chmod(protected_path.c_str(), 0500);
    EXPECT_THAT(MessageWithoutPrivileges(path),
                AllOf(HasSubstr("CONFIGURATION_INVALID"), HasSubstr(protected_path.string() + ":"),
                      HasSubstr("EACCES"), HasSubstr("give the folder")));
    ::chmod(protected_path.c_str(), 0777);
  }
}

TEST(StorageFolderTest, SaysThatTheFileSystemIsReadOnly) {
  const TemporaryFolder temporary;
  ASSERT_TRUE(Opened(temporary.path()).ok());
  EXPECT_TRUE(SucceedsInChild([&] {
    if (::unshare(CLONE_NEWNS | (::geteuid() == 0 ? 0 : CLONE_NEWUSER)) != 0) return false;
    const char* path = temporary.path().c_str();
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount(path, path, nullptr, MS_BIND, nullptr) != 0 ||
        ::mount(nullptr, path, nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr) != 0) {
      return false;
    }
    const Status status = Opened(temporary.path());
    return status.Is(Reason::kConfigurationInvalid) &&
           status.message().find("EROFS") != std::string::npos &&
           status.message().find("read-only") != std::string::npos;
  }));
}

TEST(StorageFolderTest, RefusesTwoFileSystems) {
  const TemporaryFolder temporary;
  ASSERT_TRUE(Opened(temporary.path()).ok());
  EXPECT_TRUE(SucceedsInChild([&] {
    if (::unshare(CLONE_NEWNS | (::geteuid() == 0 ? 0 : CLONE_NEWUSER)) != 0) return false;
    const std::string objects = (temporary.path() / "objects").string();
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", objects.c_str(), "tmpfs", 0, "size=1m") != 0) {
      return false;
    }
    const Status status = Opened(temporary.path());
    return status.Is(Reason::kConfigurationInvalid) &&
           status.message().find("different file systems") != std::string::npos;
  }));
}

TEST(StorageFolderTest, KnowsTheNamesOfObjects) {
  EXPECT_TRUE(IsObjectName("0123456789abcdef0123456789abcdef"));
  for (const char* name :
       {"", "0123456789abcdef0123456789abcde", "0123456789abcdef0123456789abcdef0",
        "0123456789ABCDEF0123456789abcdef", "0123456789abcdef0123456789abcdeg",
        "../3456789abcdef0123456789abcdef", "01/3456789abcdef0123456789abcdef"}) {
    EXPECT_FALSE(IsObjectName(name)) << name;
  }
  EXPECT_EQ(StorageFolder::ShardIndex("a7"), 0xA7U);
  EXPECT_EQ(StorageFolder::ShardName(0xA7), "a7");
}

}  // namespace
}  // namespace satchel::testing
