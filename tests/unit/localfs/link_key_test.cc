#include "adapters/localfs/link_key.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "base/text.h"
#include "unit/localfs/localfs_fixture.h"

namespace satchel::testing {
namespace {

using ::testing::HasSubstr;

class LinkKeyTest : public LocalStoreTest {
 protected:
  std::filesystem::path KeyPath() const { return path() / "link-signing.key"; }

  void ExpectRefused(bool has_documents, const char* why) {
    const auto key = LoadLinkKey(*folder_, has_documents);
    EXPECT_TRUE(key.status().Is(Reason::kConfigurationInvalid));
    EXPECT_THAT(key.status().message(), HasSubstr(KeyPath().string()));
    EXPECT_THAT(key.status().message(), HasSubstr(why));
  }
};

TEST_F(LinkKeyTest, IsMadeOnceForTheOwnerOnly) {
  const auto first = LoadLinkKey(*folder_, false);
  ASSERT_TRUE(first.ok()) << first.status().ToString();
  EXPECT_EQ(first->Reveal().size(), 32U);
  struct stat info = {};
  ASSERT_EQ(::stat(KeyPath().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0600U);
  EXPECT_EQ(HexDecode(ReadFile(KeyPath()).substr(0, 64)), first->Reveal());

  const auto again = LoadLinkKey(*folder_, true);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->Reveal(), first->Reveal());
}

TEST_F(LinkKeyTest, DiffersBetweenFolders) {
  const TemporaryFolder other;
  const auto other_folder = StorageFolder::Make(other.path());
  ASSERT_TRUE(other_folder.ok());
  EXPECT_NE(LoadLinkKey(*folder_, false)->Reveal(), LoadLinkKey(**other_folder, false)->Reveal());
}

TEST_F(LinkKeyTest, MissingBesideDocumentsIsRefusedAndNotReplaced) {
  ExpectRefused(true, "missing");
  EXPECT_FALSE(std::filesystem::exists(KeyPath()));
}

TEST_F(LinkKeyTest, OpenToOthersIsRefused) {
  ASSERT_TRUE(LoadLinkKey(*folder_, false).ok());
  for (const unsigned mode : {0640U, 0604U, 0620U, 0601U}) {
    ::chmod(KeyPath().c_str(), mode);
    ExpectRefused(false, "chmod 600");
  }
  ::chmod(KeyPath().c_str(), 0400);
  EXPECT_TRUE(LoadLinkKey(*folder_, false).ok());
}

TEST_F(LinkKeyTest, DamagedIsRefusedAndNotReplaced) {
  const std::string good(64, 'a');
  for (const std::string& content :
       {std::string(), std::string("00"), good.substr(1), good + "a", good.substr(1) + "g",
        std::string(64, 'A'), std::string(10000, 'a')}) {
    WriteFile(KeyPath(), content);
    ::chmod(KeyPath().c_str(), 0600);
    ExpectRefused(false, "damaged");
    EXPECT_EQ(ReadFile(KeyPath()), content);
  }
}

TEST_F(LinkKeyTest, NeverFollowsASymbolicLink) {
  const TemporaryFolder elsewhere;
  WriteFile(elsewhere.path() / "key", std::string(64, 'a'));
  ::chmod((elsewhere.path() / "key").c_str(), 0600);
  std::filesystem::create_symlink(elsewhere.path() / "key", KeyPath());
  ExpectRefused(false, "ELOOP");
}

}  // namespace
}  // namespace satchel::testing
