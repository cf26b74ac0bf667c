#include "cli/download_target.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "support/temporary_folder.h"

namespace satchel::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// Works in a folder of its own, as the current one.
class FileTargetTest : public testing::Test {
 protected:
  FileTargetTest() : previous_(std::filesystem::current_path()) {
    std::filesystem::current_path(folder_);
  }
  ~FileTargetTest() override { std::filesystem::current_path(previous_); }

  static document::DocumentInfo Info(const std::string& name) {
    document::DocumentInfo info;
    info.set_filename(name);
    return info;
  }

  static MaybeError Deliver(FileTarget& target, const std::string& name, std::string_view bytes) {
    if (auto error = target.Prepare()) return error;
    if (auto error = target.Begin(Info(name))) return error;
    if (auto error = target.Write(bytes)) return error;
    return target.Commit();
  }

  static std::string Content(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      names.push_back(entry.path().filename());
    }
    return names;
  }

  std::filesystem::path previous_;
  const TemporaryFolder temporary_;
  const std::filesystem::path folder_ = temporary_.path();
};

TEST_F(FileTargetTest, AppearsUnderItsNameOnlyWhenWhole) {
  FileTarget target("", false);
  ASSERT_FALSE(target.Prepare());
  EXPECT_THAT(Names(), IsEmpty()) << "nothing before the document is known to exist";
  ASSERT_FALSE(target.Begin(Info("a b.pdf")));
  ASSERT_FALSE(target.Write("one "));
  EXPECT_FALSE(std::filesystem::exists("a b.pdf"));
  EXPECT_THAT(Names(), ElementsAre(testing::MatchesRegex("\\.satchel-[0-9a-f]+\\.part")));
  ASSERT_FALSE(target.Write("two"));
  ASSERT_FALSE(target.Commit());
  EXPECT_THAT(Names(), ElementsAre("a b.pdf"));
  EXPECT_EQ(Content("a b.pdf"), "one two");
  EXPECT_EQ(target.path(), "a b.pdf");
}

TEST_F(FileTargetTest, LeavesNothingWithoutCommit) {
  {
    FileTarget target("x.pdf", false);
    ASSERT_FALSE(target.Prepare());
    ASSERT_FALSE(target.Begin(Info("a.pdf")));
    ASSERT_FALSE(target.Write("half"));
  }
  EXPECT_THAT(Names(), IsEmpty());
}

TEST_F(FileTargetTest, NeverReplacesWithoutForce) {
  std::ofstream("a.pdf") << "mine";
  FileTarget named("a.pdf", false);
  MaybeError error = named.Prepare();
  ASSERT_TRUE(error) << "known before anything is asked for";
  EXPECT_THAT(error->message, HasSubstr("--force"));
  FileTarget own_name("", false);
  ASSERT_FALSE(own_name.Prepare());
  EXPECT_TRUE(own_name.Begin(Info("a.pdf")));
  EXPECT_EQ(Content("a.pdf"), "mine");
  EXPECT_THAT(Names(), SizeIs(1));
}

TEST_F(FileTargetTest, NeverReplacesWhatComesMeanwhile) {
  {
    FileTarget target("a.pdf", false);
    ASSERT_FALSE(target.Prepare());
    ASSERT_FALSE(target.Begin(Info("a.pdf")));
    ASSERT_FALSE(target.Write("theirs"));
    std::ofstream("a.pdf") << "mine";
    EXPECT_TRUE(target.Commit());
  }
  EXPECT_EQ(Content("a.pdf"), "mine");
  EXPECT_THAT(Names(), ElementsAre("a.pdf"));
}

TEST_F(FileTargetTest, ReplacesWithForceAndNotThroughLinks) {
  std::ofstream("target") << "elsewhere";
  std::filesystem::create_symlink("target", "a.pdf");
  FileTarget refused("a.pdf", false);
  EXPECT_TRUE(refused.Prepare()) << "a link is something";
  FileTarget target("a.pdf", true);
  ASSERT_FALSE(Deliver(target, "ignored", "new"));
  EXPECT_FALSE(std::filesystem::is_symlink("a.pdf"));
  EXPECT_EQ(Content("a.pdf"), "new");
  EXPECT_EQ(Content("target"), "elsewhere");
}

TEST_F(FileTargetTest, RefusesADanglingLink) {
  std::filesystem::create_symlink("nowhere", "a.pdf");
  FileTarget target("", false);
  ASSERT_FALSE(target.Prepare());
  EXPECT_TRUE(target.Begin(Info("a.pdf")));
  EXPECT_FALSE(std::filesystem::exists("nowhere"));
}

TEST_F(FileTargetTest, RefusesFoldersAndDevicesEvenWithForce) {
  std::filesystem::create_directory("folder");
  ASSERT_EQ(mkfifo("pipe", 0600), 0);
  for (const char* path : {"folder", "folder/", "pipe", ".", "..", "folder/.."}) {
    FileTarget target(path, true);
    EXPECT_TRUE(target.Prepare()) << path;
  }
  FileTarget target("missing/a.pdf", true);
  EXPECT_TRUE(target.Prepare());
}

TEST_F(FileTargetTest, GoesToAnotherFolderOnlyWhenTheUserSaysSo) {
  std::filesystem::create_directory("folder");
  FileTarget target("folder/x.pdf", false);
  ASSERT_FALSE(Deliver(target, "ignored.pdf", "bytes"));
  EXPECT_EQ(Content("folder/x.pdf"), "bytes");
  for (const char* name : {"../x.pdf", "/tmp/x.pdf", "..", ".", "", "a\\b", "a\nb", "\u202Efdp.a",
                           "\xc2\x9b.a", "\xff.a"}) {
    FileTarget own_name("", true);
    ASSERT_FALSE(own_name.Prepare());
    EXPECT_TRUE(own_name.Begin(Info(name))) << name;
  }
}

TEST_F(FileTargetTest, RemovesTheTemporaryFileOnASignal) {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      FileTarget target("a.pdf", false);
      if (target.Prepare() || target.Begin(Info("a.pdf")) || target.Write("half")) _exit(40);
      if (std::filesystem::is_empty(".")) _exit(41);
      kill(getpid(), number);
      // The watching thread ends the process.
      for (;;) pause();
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status)) << "exited with " << WEXITSTATUS(status);
    EXPECT_EQ(WTERMSIG(status), number);
    EXPECT_THAT(Names(), IsEmpty());
  }
}

TEST_F(FileTargetTest, KeepsIgnoringWhatTheParentIgnored) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    signal(SIGHUP, SIG_IGN);
    FileTarget target("a.pdf", false);
    if (target.Prepare() || target.Begin(Info("a.pdf"))) _exit(40);
    kill(getpid(), SIGHUP);
    _exit(target.Commit() ? 41 : 0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_THAT(Names(), ElementsAre("a.pdf"));
}

TEST(IsSafeFilenameTest, TakesOrdinaryNamesOfAllKinds) {
  for (const char* name :
       {"a.pdf", "a b (1).pdf", "例.docx", "🎒.txt", "-x.pdf", "50%.pdf", "...", "\u200Fשלום.pdf"}) {
    EXPECT_TRUE(IsSafeFilename(name)) << name;
  }
}

TEST(DescriptorTargetTest, ReportsWhatCannotBeWritten) {
  const UniqueDescriptor full(open("/dev/full", O_WRONLY));
  ASSERT_TRUE(full.valid());
  DescriptorTarget target(full.get());
  const MaybeError error = target.Write("x");
  ASSERT_TRUE(error);
  EXPECT_THAT(error->message, HasSubstr("No space left"));
}

}  // namespace
}  // namespace satchel::cli
