#include "cli/completion.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/register_commands.h"
#include "support/temporary_folder.h"
#include "unit/cli/test_environment.h"

namespace satchel::cli {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;

class CompletionTest : public testing::Test {
 protected:
  CompletionTest() : context_{.environment = test_.environment} {
    RegisterClientCommands(app_, context_);
    CLI::App* const quota = app_.add_subcommand("quota", "Show or change a user's quota");
    quota->add_subcommand("get", "Show it");
    quota->add_subcommand("set", "Change it")->add_flag("--quietly");
    app_.add_subcommand("hidden", "Not for people")->group("");
    commands_ = DescribeCommands(app_);
  }

  // What bash offers for these words, the last of which is being typed.
  std::vector<std::string> CompleteInBash(const std::vector<std::string>& words) {
    std::string script = BashCompletion("satchel", commands_);
    script += "cd '" + folder_.string() + "' || exit 1\nCOMP_WORDS=(";
    for (const std::string& word : words) script += " '" + word + "'";
    script += ")\nCOMP_CWORD=" + std::to_string(words.size() - 1) +
              "\n_satchel\nfor reply in \"${COMPREPLY[@]}\"; do echo \"$reply\"; done\n";
    return RunBash(script);
  }

  // The script's lines of output; fails the test when bash does, or says anything.
  std::vector<std::string> RunBash(const std::string& script) {
    const std::string path = folder_.string() + ".bash";
    const std::string output = folder_.string() + ".out";
    std::ofstream(path) << "set -u\n" << script;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output.c_str(),
                                     O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    std::string shell = "bash";
    std::string script_path = path;
    char* const arguments[] = {shell.data(), script_path.data(), nullptr};
    pid_t child = 0;
    EXPECT_EQ(posix_spawnp(&child, "bash", &actions, nullptr, arguments, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    int status = -1;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    std::vector<std::string> lines;
    std::ifstream file(output);
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    std::filesystem::remove(path);
    std::filesystem::remove(output);
    return lines;
  }

  TestEnvironment test_;
  CLI::App app_{"test", "satchel"};
  CliContext context_;
  std::vector<CompletionCommand> commands_;
  const TemporaryFolder temporary_;
  const std::filesystem::path folder_ = temporary_.path();
};

TEST_F(CompletionTest, DescribesEveryCommandThatIsNotHidden) {
  std::vector<std::vector<std::string>> paths;
  for (const CompletionCommand& command : commands_) paths.push_back(command.path);
  EXPECT_THAT(paths, IsSupersetOf(std::vector<std::vector<std::string>>{
                         {}, {"put"}, {"ls"}, {"quota"}, {"quota", "get"}, {"quota", "set"}}));
  EXPECT_THAT(paths, Not(Contains(std::vector<std::string>{"hidden"})));
}

TEST_F(CompletionTest, KnowsWhatOptionsTake) {
  const auto get = std::find_if(commands_.begin(), commands_.end(), [](const auto& command) {
    return command.path == std::vector<std::string>{"get"};
  });
  ASSERT_NE(get, commands_.end());
  EXPECT_FALSE(get->takes_file) << "an id is no file";
  for (const CompletionOption& option : get->options) {
    if (option.names == std::vector<std::string>{"--output", "-o"}) {
      EXPECT_TRUE(option.takes_file);
    }
    if (option.names == std::vector<std::string>{"--force"}) {
      EXPECT_FALSE(option.takes_value);
    }
    if (option.names == std::vector<std::string>{"--user"}) {
      EXPECT_TRUE(option.takes_value);
      EXPECT_FALSE(option.takes_file);
    }
  }
}

TEST_F(CompletionTest, BashOffersCommands) {
  EXPECT_THAT(CompleteInBash({"satchel", "u"}), ElementsAre("url", "usage"));
  EXPECT_THAT(CompleteInBash({"satchel", "h"}), ElementsAre("health"));
  EXPECT_THAT(CompleteInBash({"satchel", "quota", ""}), ElementsAre("get", "set"));
  EXPECT_THAT(CompleteInBash({"satchel", "completion", ""}), ElementsAre("bash", "zsh", "fish"));
}

TEST_F(CompletionTest, BashOffersTheCommandsOwnOptions) {
  EXPECT_THAT(CompleteInBash({"satchel", "put", "--m"}), ElementsAre("--mime"));
  EXPECT_THAT(CompleteInBash({"satchel", "get", "--m"}), IsEmpty());
  EXPECT_THAT(CompleteInBash({"satchel", "quota", "set", "--q"}), ElementsAre("--quietly"));
}

TEST_F(CompletionTest, BashStepsOverValuesOfOptions) {
  EXPECT_THAT(CompleteInBash({"satchel", "--user", "put", "ur"}), ElementsAre("url"));
  EXPECT_THAT(CompleteInBash({"satchel", "--user", "=", "put", "ur"}), ElementsAre("url"));
  EXPECT_THAT(CompleteInBash({"satchel", "--user", ""}), IsEmpty()) << "a name nobody knows";
  EXPECT_THAT(CompleteInBash({"satchel", "--json", "ur"}), ElementsAre("url"));
}

TEST_F(CompletionTest, BashOffersFilesWhereFilesGo) {
  std::ofstream(folder_ / "my report.pdf") << "x";
  EXPECT_THAT(CompleteInBash({"satchel", "put", "my"}), ElementsAre("my report.pdf"));
  EXPECT_THAT(CompleteInBash({"satchel", "get", "-o", "my"}), ElementsAre("my report.pdf"));
  EXPECT_THAT(CompleteInBash({"satchel", "ls", "--ca", "=", "my"}), ElementsAre("my report.pdf"));
  EXPECT_THAT(CompleteInBash({"satchel", "get", "my"}), IsEmpty());
}

TEST_F(CompletionTest, QuotesDescriptions) {
  EXPECT_THAT(ZshCompletion("satchel", commands_), HasSubstr("'quota:Show or change a user'\\''s"));
  EXPECT_THAT(FishCompletion("satchel", commands_), HasSubstr("-d 'Show or change a user\\'s"));
}

}  // namespace
}  // namespace satchel::cli
